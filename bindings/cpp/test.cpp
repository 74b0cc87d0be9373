// What the example of the README does not show: moves, errors, the registry.
#include "callgate.hpp"

#include <sys/wait.h>

#include <cstring>
#include <iostream>

static unsigned run, failed;

static void ok(bool good, const char *what)
{
	failed += !good;
	std::cout << (good ? "ok " : "not ok ") << ++run << " - " << what
		  << std::endl;
}

template <typename Work> static bool in_child(Work work)
{
	const pid_t child = ::fork();
	int status = 0;

	if (child == 0) {
		try {
			::_exit(work() ? 0 : 1);
		} catch (const std::exception &error) {
			std::cout << "# " << error.what() << std::endl;
			::_exit(2);
		}
	}
	::waitpid(child, &status, 0);
	return status == 0;
}

static bool error_tells()
{
	try {
		callgate::policy::parse("seccomp:\n  default_acton: allow\n",
					"mine.yml");
	} catch (const callgate::error &error) {
		return error.status() == CG_E_MEANING &&
		       error.details().line == 2 &&
		       std::strncmp(error.what(), "mine.yml:2:3: ", 14) == 0;
	}
	return false;
}

static bool moves()
{
	auto one = callgate::policy::preset("no-exec");
	auto two = std::move(one);
	auto program = two.compile();
	auto other = std::move(program);

	return two.enabled() && other.size() > 5 && !one.get();
}

static bool installs()
{
	callgate::registry registry;
	cg_install_options options{};
	cg_install off{};

	off.result = CG_INSTALL_OFF;
	options.name = "mine";
	registry.need_preset("all", "no-network")
		.need("me", { "getpid", "socket(AF_UNIX)" })
		.refuse("me", { "getppid" });

	const auto done = registry.install(options);

	return done.result == CG_INSTALLED && callgate::attestation(done) &&
	       callgate::attestation(done)->find(done.sha256) !=
		       std::string::npos &&
	       !callgate::attestation(off) && ::getppid() < 0;
}

static bool conflicts()
{
	callgate::registry registry;

	try {
		(void)registry.install();
	} catch (const callgate::error &error) {
		return error.status() == CG_E_INPUT;
	}
	return false;
}

int main()
{
	ok(error_tells(), "an error tells the place");
	ok(moves(), "objects move");
	ok(in_child(installs), "a registry installs");
	ok(conflicts(), "nothing to install");
	std::cout << "1.." << run << std::endl;
	return failed ? 1 : 0;
}
