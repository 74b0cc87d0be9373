#include "cli/opt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/out.h"

static const struct option help = {
	'h', "help", NULL, OPTION_FLAG, 0, "show this help and exit",
};

struct parse {
	const struct command *command;
	void *fields;
	int argc, at;
	char **argv;
	bool help;
};

static const struct option *
by_name(const struct command *command, const char *name, size_t length)
{
	const struct option *option = command->options;

	for (; option && option->name; option++)
		if (strlen(option->name) == length &&
		    memcmp(option->name, name, length) == 0)
			return option;
	return length == strlen(help.name) &&
			       memcmp(name, help.name, length) == 0
		       ? &help
		       : NULL;
}

static const struct option *
by_letter(const struct command *command, char letter)
{
	const struct option *option = command->options;

	for (; option && option->name; option++)
		if (option->letter == letter)
			return option;
	return letter == help.letter ? &help : NULL;
}

static const char *closest(const struct command *command, const char *name)
{
	const struct option *option = command->options;
	const char *best = NULL;
	unsigned distance = 4;

	for (; option && option->name; option++) {
		unsigned d = text_near(name, option->name, 3);

		if (d < distance) {
			distance = d;
			best = option->name;
		}
	}
	return best;
}

static bool fail_option(const struct parse *parse, const char *written)
{
	const char *close = written[0] == '-' && written[1] == '-'
				    ? closest(parse->command, written + 2)
				    : NULL;

	out_error("%s has no option '%s'%s%s%s", parse->command->name, written,
		  close ? "; did you mean '--" : "", close ? close : "",
		  close ? "'?" : "");
	return false;
}

static void add_text(struct texts *texts, const char *value)
{
	const char **at = realloc(texts->at, (texts->count + 1) * sizeof(*at));

	if (!at)
		out_die_nomem();
	texts->at = at;
	at[texts->count++] = value;
}

static void
set(struct parse *parse, const struct option *option, const char *value)
{
	char *field = (char *)parse->fields + option->field;

	if (option == &help) {
		parse->help = true;
		return;
	}
	switch (option->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		break;
	case OPTION_COUNT:
		++*(int *)field;
		break;
	case OPTION_TEXT:
		*(const char **)field = value;
		break;
	case OPTION_LIST:
		add_text((struct texts *)field, value);
		break;
	}
}

/* The value of an option: behind its '=' or letter, or the next word. */
static bool take(struct parse *parse, const struct option *option,
		 const char *inside, const char *written)
{
	if (!option->argument) {
		if (inside) {
			out_error("--%s takes no value", option->name);
			return false;
		}
		set(parse, option, NULL);
		return true;
	}
	if (!inside) {
		if (parse->at + 1 >= parse->argc) {
			out_error("%s wants a value: %s", written,
				  option->argument);
			return false;
		}
		inside = parse->argv[++parse->at];
	}
	set(parse, option, inside);
	return true;
}

static bool read_long(struct parse *parse, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t length = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
	const struct option *option = by_name(parse->command, word + 2, length);

	if (!option)
		return fail_option(parse, word);
	return take(parse, option, equals ? equals + 1 : NULL, word);
}

static bool read_letters(struct parse *parse, const char *word)
{
	for (const char *at = word + 1; *at; at++) {
		const struct option *option = by_letter(parse->command, *at);
		const char written[] = { '-', *at, '\0' };

		if (!option)
			return fail_option(parse, written);
		if (option->argument)
			return take(parse, option, at[1] ? at + 1 : NULL,
				    written);
		set(parse, option, NULL);
	}
	return true;
}

/* Options to the fields, operands to the front of `operands`. */
static bool read_words(struct parse *parse, char **operands, int *count)
{
	for (parse->at = 1; parse->at < parse->argc; parse->at++) {
		char *word = parse->argv[parse->at];
		bool ok = true;

		if (strcmp(word, "--") == 0) {
			while (++parse->at < parse->argc)
				operands[(*count)++] = parse->argv[parse->at];
			return true;
		}
		if (word[0] == '-' && word[1] == '-')
			ok = read_long(parse, word);
		else if (word[0] == '-' && word[1])
			ok = read_letters(parse, word);
		else
			operands[(*count)++] = word;
		if (!ok)
			return false;
		if (*count && parse->command->stop_early) {
			while (++parse->at < parse->argc)
				operands[(*count)++] = parse->argv[parse->at];
			return true;
		}
	}
	return true;
}

static bool check_count(const struct command *command, int count)
{
	size_t given = (size_t)count;

	if (given >= command->least && given <= command->most)
		return true;
	out_error("%s: usage: callgate %s %s",
		  given < command->least ? "something is missing"
					 : "too many operands",
		  command->name, command->operands);
	return false;
}

int command_run(const struct command *command, int argc, char **argv)
{
	struct parse parse = { .command = command, .argc = argc, .argv = argv };
	char **operands = calloc((size_t)argc + 1, sizeof(*operands));
	int count = 0, status = EXIT_USAGE;

	parse.fields = calloc(1, command->fields ? command->fields : 1);
	if (!operands || !parse.fields)
		out_die_nomem();
	if (!read_words(&parse, operands, &count) ||
	    (!parse.help && !check_count(command, count))) {
		fprintf(stderr, "try: callgate %s --help\n", command->name);
	} else if (parse.help) {
		command_help(command);
		status = EXIT_YES;
	} else {
		status = command->run(parse.fields, count, operands);
	}
	for (const struct option *option = command->options;
	     option && option->name; option++)
		if (option->kind == OPTION_LIST)
			free(((struct texts *)((char *)parse.fields +
					       option->field))
				     ->at);
	free(parse.fields);
	free(operands);
	return status;
}

static void help_row(const struct option *option)
{
	char left[64];
	int used;

	used = option->letter ? snprintf(left, sizeof(left), "  -%c, --%s",
					 option->letter, option->name)
			      : snprintf(left, sizeof(left), "      --%s",
					 option->name);
	if (option->argument && used > 0 && (size_t)used < sizeof(left))
		snprintf(left + used, sizeof(left) - (size_t)used, " %s",
			 option->argument);
	if (strlen(left) > 27)
		printf("%s\n%28s%s\n", left, "", option->about);
	else
		printf("%-28s%s\n", left, option->about);
}

void command_help(const struct command *command)
{
	printf("usage: callgate %s %s\n\n%s\n\noptions:\n", command->name,
	       command->operands, command->about);
	for (const struct option *option = command->options;
	     option && option->name; option++)
		help_row(option);
	help_row(&help);
	if (command->details)
		printf("\n%s\n", command->details);
}

static void dump_row(const struct command *command, const struct option *option)
{
	if (option->letter)
		printf("%s\t-%c, --%s\t%s\t%s\n", command->name, option->letter,
		       option->name, option->argument ? option->argument : "",
		       option->about);
	else
		printf("%s\t--%s\t%s\t%s\n", command->name, option->name,
		       option->argument ? option->argument : "", option->about);
}

void command_dump(const struct command *command)
{
	printf("%s\t\t%s\t%s\n", command->name, command->operands,
	       command->about);
	for (const struct option *option = command->options;
	     option && option->name; option++)
		dump_row(command, option);
	dump_row(command, &help);
}
