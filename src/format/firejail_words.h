/* format/firejail_words.h - firejail's words that are not about calls. */
#ifndef FORMAT_FIREJAIL_WORDS_H
#define FORMAT_FIREJAIL_WORDS_H

#include <stdbool.h>

/* Whether `word` begins a line of a profile, or behind -- an option. */
bool firejail_other_word(const char *word);

#endif
