//! Where libcallgate is: CALLGATE_LIB_DIR, or what pkg-config says.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=CALLGATE_LIB_DIR");
    println!("cargo:rustc-link-lib=dylib=callgate");
    if let Ok(folder) = env::var("CALLGATE_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        return;
    }
    // Where it cannot be asked, the linker looks in its usual places.
    if let Ok(said) = Command::new("pkg-config")
        .args(["--libs-only-L", "callgate"])
        .output()
    {
        for word in String::from_utf8_lossy(&said.stdout).split_whitespace() {
            if let Some(folder) = word.strip_prefix("-L") {
                println!("cargo:rustc-link-search=native={folder}");
            }
        }
    }
}
