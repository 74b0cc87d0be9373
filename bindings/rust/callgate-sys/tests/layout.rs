//! Every struct is laid out as the C compiler has it.

use callgate_sys::*;
use std::collections::HashMap;
use std::mem::{offset_of, size_of};

macro_rules! rows {
    ($out:ident, $($name:ident { $($field:ident)* })*) => { $(
        $out.insert(format!("{} .", stringify!($name)),
                    format!("0 {}", size_of::<$name>()));
        $($out.insert(format!("{} {}", stringify!($name), stringify!($field)),
                      offset_of!($name, $field).to_string());)*
    )* };
}

#[test]
fn layout() {
    let Ok(program) = std::env::var("CALLGATE_LAYOUT") else {
        eprintln!("CALLGATE_LAYOUT names no program that tells the layout");
        return;
    };
    let mut ours = HashMap::new();
    rows!(ours,
        cg_error { status line column sys_errno thread check source message }
        cg_call { nr arch ip args }
        cg_load_options { flags one_thread keep_privileges allow_prctl }
        cg_loaded { listener threads verified set_no_new_privs by_prctl }
        cg_noproc_options { mode this_thread_will_do }
        cg_noproc { state system step threads verified }
        cg_notification { id thread call }
        cg_reason { answer cause source line column }
        cg_install_options { name best_effort must_be_on load }
        cg_install { result step error loaded name sha256 instructions flags });
    let said = std::process::Command::new(program).output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.lines().count() > 40);
    for row in said.lines() {
        let words: Vec<&str> = row.split(' ').collect();
        let wanted = if words[1] == "." {
            format!("{} {}", words[2], words[3])
        } else {
            words[2].to_string()
        };
        let key = format!("{} {}", words[0], words[1]);
        assert_eq!(ours.get(&key), Some(&wanted), "{row}");
    }
}
