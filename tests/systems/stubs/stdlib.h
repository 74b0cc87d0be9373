char *getenv(const char *);
int mkstemp(char *);
