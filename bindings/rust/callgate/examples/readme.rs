use callgate::{LoadOptions, Policy};
use std::io::Error as Os;
use std::process::Command;

const POLICY: &str = "\
seccomp:
  default_action: allow
  syscalls:
    - action: errno(EACCES)
      names: [mount, ptrace]
    - action: notify
      names: [mkdir, mkdirat]
";

/// A thread under the policy: this one decides its mkdir.
fn supervised(policy: &Policy) -> callgate::Result<()> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let options = LoadOptions {
                one_thread: true,
                listener: true,
                ..Default::default()
            };
            tell.send(policy.load(options)).unwrap();
            let error = std::fs::create_dir("/tmp/not-in-this-program").unwrap_err();
            println!("mkdir: {error}");
        });
        let listener = told.recv().unwrap()?.listener.unwrap();
        // Until the thread is gone.
        while let Some(call) = listener.next_call()? {
            let path = call.args[(call.name() == "mkdirat") as usize];
            println!("asked for {}", call.read_text(path)?);
            call.refuse(30)?;
        }
        Ok(())
    })
}

fn main() -> callgate::Result<()> {
    // In a child of its own: the kernel's strict mode, which kills.
    if std::env::args().nth(1).as_deref() == Some("strict") {
        println!("strict");
        callgate::strict()?;
        std::thread::yield_now(); // the end
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .arg("strict")
        .status()
        .unwrap();
    println!("{child}");

    std::fs::write("app.yml", POLICY).unwrap();
    let policy = Policy::open("app.yml")?;
    let reason = policy.explain("mount")?;
    println!("mount: {}, line {}", reason.answer, reason.line);
    supervised(&policy)?;

    let done = callgate::no_new_processes(Default::default())?;
    println!("no new processes: {done:?}");
    let error: Os = Command::new("true").spawn().unwrap_err();
    println!("true: {error}");
    match callgate::load_file("nowhere.yml") {
        Err(error) => println!("{error}"),
        Ok(()) => unreachable!(),
    }
    Ok(())
}
