//! Errors, bytes, and what is registered; nothing is loaded into the tests.

use callgate::{Policy, Program, Registry, Status};

#[test]
fn an_error_tells_the_place() {
    let error = Policy::parse("seccomp:\n  default_acton: allow\n", "mine.yml")
        .unwrap_err();
    assert_eq!(error.status, Status::Meaning);
    assert_eq!((error.source.as_str(), error.line), ("mine.yml", 2));
    assert!(error.to_string().starts_with("mine.yml:2:3: unknown key"));
    assert_eq!(Policy::open("/nowhere").unwrap_err().errno, 2);
    assert_eq!(Policy::preset("a\0b").unwrap_err().status, Status::Input);
}

#[test]
fn bytes_come_back() {
    let bytes = Policy::preset("no-exec").unwrap().compile().unwrap().to_bytes();
    assert_eq!(Program::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    assert!(Program::from_bytes(b"no filter").is_err());
}

#[test]
fn threads_share_a_policy() {
    let policy = Policy::preset("no-network").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert_eq!(policy.explain("read").unwrap().answer, "allow");
            });
        }
    });
}

#[test]
fn what_contradicts_is_an_error() {
    let mut registry = Registry::new();
    assert!(registry.install("x", true).is_err());
    registry.need("http", &["bind", "socket(AF_INET)"]).unwrap();
    let error = registry.need("http", &["lisen"]).unwrap_err();
    assert!(error.message.contains("did you mean 'listen'"));
    assert!(registry.configure_file("/nowhere").is_err());
}
