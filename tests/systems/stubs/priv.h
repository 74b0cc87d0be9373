/* Solaris and illumos. */
typedef int priv_op_t;
typedef const char *priv_ptype_t;
typedef enum { B_FALSE, B_TRUE } boolean_t;
#define PRIV_OFF 1
int priv_set(priv_op_t, priv_ptype_t, ...);
boolean_t priv_ineffect(const char *);
