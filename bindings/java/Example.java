import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.Structure;
import java.io.IOException;

/** Callgate from Java, through JNA: no new processes from here on. */
public class Example {
	@Structure.FieldOrder({"status", "line", "column", "sysErrno", "thread",
		"check", "source", "message"})
	public static class CgError extends Structure {
		public int status, line, column, sysErrno, thread;
		public String check;
		public byte[] source = new byte[256];
		public byte[] message = new byte[512];
	}

	@Structure.FieldOrder({"state", "system", "step", "threads", "verified"})
	public static class CgNoproc extends Structure {
		public int state;
		public String system, step;
		public int threads;
		public byte verified;
	}

	public interface Callgate extends Library {
		Callgate LIBRARY = Native.load("callgate", Callgate.class);

		int cg_load_file(String path, Pointer options, CgError err);

		int cg_no_new_processes(Pointer options, CgNoproc out, CgError err);
	}

	static void check(int status, CgError err) throws IOException {
		if (status != 0)
			throw new IOException(Native.toString(err.message, "UTF-8"));
	}

	static String tryTrue() throws InterruptedException {
		try {
			return "exit status " + new ProcessBuilder("true").start().waitFor();
		} catch (IOException error) {
			return "refused";
		}
	}

	public static void main(String[] arguments) throws Exception {
		CgError err = new CgError();
		CgNoproc done = new CgNoproc();

		try {
			check(Callgate.LIBRARY.cg_load_file("nowhere.yml", null, err), err);
		} catch (IOException error) {
			System.out.println(error.getMessage());
		}
		System.out.println("before: " + tryTrue());
		check(Callgate.LIBRARY.cg_no_new_processes(null, done, err), err);
		System.out.println("every thread of the JVM: "
			+ (done.state == 2 && done.verified != 0));
		System.out.println("after: " + tryTrue());
	}
}
