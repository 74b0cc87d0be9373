// callgate.hpp - Callgate for C++17: objects that free themselves, errors that
// are thrown. Header only; link with -lcallgate.
//
//	callgate::load_file("app.yml");		// every thread, or an exception
//	callgate::no_new_processes();
//
// Nothing is half done: where callgate::error is thrown, no filter was loaded.
#ifndef CALLGATE_HPP
#define CALLGATE_HPP

#include <callgate/callgate.h>

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callgate
{

// What went wrong, and where; what() is "file:line:column: message".
class error : public std::runtime_error
{
      public:
	explicit error(const cg_error &from)
	    : std::runtime_error(describe(from)), details_(from)
	{
	}

	cg_status status() const noexcept
	{
		return details_.status;
	}
	const cg_error &details() const noexcept
	{
		return details_;
	}

      private:
	static std::string describe(const cg_error &from)
	{
		std::string place;

		if (from.source[0])
			place = std::string(from.source) + ": ";
		if (from.line)
			place = std::string(from.source) + ":" +
				std::to_string(from.line) + ":" +
				std::to_string(from.column) + ": ";
		return place + from.message;
	}

	cg_error details_;
};

namespace detail
{

// Call what takes an error last, and throw what it says.
template <typename Function, typename... Arguments>
void check(Function function, Arguments &&...arguments)
{
	cg_error err{};

	if (function(std::forward<Arguments>(arguments)..., &err) != CG_OK)
		throw error(err);
}

template <typename Object, void (*Free)(Object *)> struct deleter {
	void operator()(Object *object) const noexcept
	{
		Free(object);
	}
};

// C would take a text with a NUL inside for a shorter one.
inline const char *whole(const std::string &text)
{
	if (text.find('\0') != std::string::npos)
		throw std::invalid_argument("a text has a NUL inside");
	return text.data();
}

inline std::vector<const char *> pointers(const std::vector<std::string> &from)
{
	std::vector<const char *> out;

	for (const auto &text : from)
		out.push_back(whole(text));
	return out;
}

} // namespace detail

// A call that waits for its supervisor.
class notification
{
      public:
	notification(int listener, const cg_notification &record)
	    : listener_(listener), record_(record)
	{
	}

	const cg_call &call() const noexcept
	{
		return record_.call;
	}
	std::int32_t thread() const noexcept
	{
		return record_.thread;
	}
	bool waits() const noexcept
	{
		return cg_notify_waits(listener_, record_.id);
	}
	void answer(std::int64_t value) const
	{
		detail::check(cg_notify_answer, listener_, record_.id, value,
			      0);
	}
	void refuse(int number) const
	{
		detail::check(cg_notify_answer, listener_, record_.id,
			      std::int64_t{ 0 }, number);
	}
	void answer_fd(int fd, bool cloexec = true) const
	{
		detail::check(cg_notify_answer_fd, listener_, record_.id, fd,
			      cloexec);
	}
	// Let the kernel carry it out. Never a decision about a pointer.
	void go_on() const
	{
		detail::check(cg_notify_continue, listener_, record_.id);
	}
	// Text of the caller; it may change right after.
	std::string text(std::uint64_t address, std::size_t most = 4096) const
	{
		std::string out(most, '\0');
		std::size_t length = 0;

		detail::check(cg_notify_read, listener_, &record_, address,
			      static_cast<void *>(out.data()), most, &length);
		out.resize(length);
		return out.substr(0, out.find('\0'));
	}

      private:
	int listener_;
	cg_notification record_;
};

// What a supervisor holds; closes its descriptor.
class listener
{
      public:
	explicit listener(int fd) noexcept : fd_(fd)
	{
	}
	listener(listener &&other) noexcept : fd_(std::exchange(other.fd_, -1))
	{
	}
	listener &operator=(listener &&other) noexcept
	{
		std::swap(fd_, other.fd_);
		return *this;
	}
	~listener()
	{
		if (fd_ >= 0)
			::close(fd_);
	}

	int fd() const noexcept
	{
		return fd_;
	}
	// The next call; none at the end, when nobody is under the filter.
	std::optional<notification> next() const
	{
		cg_notify_event event = CG_NOTIFY_TIMEOUT;
		cg_notification record{};

		while (event == CG_NOTIFY_TIMEOUT) {
			cg_error err{};

			if (cg_notify_receive(fd_, -1, &event, &record, &err) !=
				    CG_OK &&
			    err.sys_errno != EINTR)
				throw error(err);
		}
		if (event == CG_NOTIFY_END)
			return std::nullopt;
		return notification(fd_, record);
	}

      private:
	int fd_;
};

struct loaded {
	std::uint32_t threads;
	bool verified, set_no_new_privs;
	std::optional<callgate::listener> listener;
};

// A filter: proved equal to its policy, unless it came as bytes.
class program
{
      public:
	explicit program(cg_program *from) : handle_(from)
	{
	}
	static program from_bytes(const void *bytes, std::size_t length,
				  bool big_endian = false)
	{
		cg_program *out = nullptr;

		detail::check(cg_program_from_bytes, bytes, length, big_endian,
			      &out);
		return program(out);
	}

	const cg_program *get() const noexcept
	{
		return handle_.get();
	}
	std::size_t size() const noexcept
	{
		std::size_t count = 0;

		cg_program_insns(get(), &count);
		return count;
	}
	loaded load(const cg_load_options &options = cg_load_options{}) const
	{
		cg_loaded done{};
		loaded out{};

		detail::check(cg_load, get(), &options, &done);
		out.threads = done.threads;
		out.verified = done.verified;
		out.set_no_new_privs = done.set_no_new_privs;
		if (done.listener >= 0)
			out.listener.emplace(done.listener);
		return out;
	}

      private:
	std::unique_ptr<cg_program,
			detail::deleter<cg_program, cg_program_free>>
		handle_;
};

// What a person means: see callgate-policy(5).
class policy
{
      public:
	explicit policy(cg_policy *from) : handle_(from)
	{
	}
	static policy open(const std::string &path)
	{
		cg_policy *out = nullptr;

		detail::check(cg_policy_open, detail::whole(path), nullptr,
			      &out);
		return policy(out);
	}
	static policy
	parse(std::string_view text, const std::string &source = "policy")
	{
		cg_policy *out = nullptr;

		detail::check(cg_policy_parse, text.data(), text.size(),
			      detail::whole(source), nullptr, &out);
		return policy(out);
	}
	static policy preset(const std::string &name)
	{
		cg_policy *out = nullptr;

		detail::check(cg_policy_preset, detail::whole(name), nullptr,
			      &out);
		return policy(out);
	}

	const cg_policy *get() const noexcept
	{
		return handle_.get();
	}
	bool enabled() const noexcept
	{
		return cg_policy_enabled(get());
	}
	callgate::program compile() const
	{
		cg_program *out = nullptr;

		detail::check(cg_compile, get(), nullptr, &out);
		return callgate::program(out);
	}
	// Compile and load, with the policy's own flags besides those given.
	loaded load(cg_load_options options = cg_load_options{}) const
	{
		options.flags |= cg_policy_flags(get());
		return compile().load(options);
	}
	// What is answered to "openat(AT_FDCWD, _, O_RDONLY)", and why. An
	// argument that is _ or missing is 0.
	cg_reason explain(const std::string &text) const
	{
		std::uint32_t known = 0;
		cg_reason reason{};
		cg_call call{};

		detail::check(cg_call_parse, detail::whole(text),
			      cg_abi_native(), &call, &known);
		cg_policy_explain(get(), &call, &reason);
		return reason;
	}

      private:
	std::unique_ptr<cg_policy, detail::deleter<cg_policy, cg_policy_free>>
		handle_;
};

// Parts of a program say what they need; one policy comes of it.
class registry
{
      public:
	registry() : handle_(cg_registry_new())
	{
		if (!handle_)
			throw std::bad_alloc();
	}

	registry &
	need(const std::string &who, const std::vector<std::string> &names)
	{
		detail::check(cg_registry_need, handle_.get(),
			      detail::whole(who),
			      detail::pointers(names).data(), names.size());
		return *this;
	}
	registry &need_preset(const std::string &who, const std::string &preset)
	{
		detail::check(cg_registry_need_preset, handle_.get(),
			      detail::whole(who), detail::whole(preset));
		return *this;
	}
	registry &
	refuse(const std::string &who, const std::vector<std::string> &names)
	{
		detail::check(cg_registry_refuse, handle_.get(),
			      detail::whole(who),
			      detail::pointers(names).data(), names.size());
		return *this;
	}
	registry &configure_file(const std::string &path)
	{
		detail::check(cg_registry_configure_file, handle_.get(),
			      detail::whole(path));
		return *this;
	}
	// `result` of what is returned is to be looked at.
	[[nodiscard]] cg_install
	install(const cg_install_options &options = cg_install_options{})
	{
		cg_install out{};

		detail::check(cg_registry_install, handle_.get(), &options,
			      &out);
		return out;
	}

      private:
	std::unique_ptr<cg_registry,
			detail::deleter<cg_registry, cg_registry_free>>
		handle_;
};

// The line of JSON that attests an installation; none if there is none.
inline std::optional<std::string> attestation(const cg_install &install)
{
	char *line = cg_install_attestation(&install);
	std::optional<std::string> out;

	if (line)
		out = line;
	std::free(line);
	return out;
}

inline void load_file(const std::string &path)
{
	detail::check(cg_load_file, detail::whole(path), nullptr);
}

// The kernel's strict mode: read, write, exit and sigreturn alone.
inline void strict()
{
	detail::check(cg_load_strict);
}

// Give up starting programs and processes, for ever.
inline cg_noproc
no_new_processes(const cg_noproc_options &options = cg_noproc_options{})
{
	cg_noproc out{};

	detail::check(cg_no_new_processes, &options, &out);
	return out;
}

} // namespace callgate

#endif
