//! The commands.

use stillroom_sdk::http::{self, Request};
use wasip2::cli::{environment, exit, stderr, stdin, stdout};
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};
use wasip2::random::{insecure, insecure_seed, random};

type Answer = Result<String, String>;

pub(crate) fn obey(command: &str) -> Answer {
    let parts: Vec<&str> = command.split('|').collect();
    match parts[..] {
        ["wall"] => Ok(format!("{:?}", wall())),
        ["monotonic"] => Ok(monotonic_clock::now().to_string()),
        ["sleep", seconds] => {
            monotonic_clock::subscribe_duration(number(seconds)? * 1_000_000_000).block();
            Ok(monotonic_clock::now().to_string())
        }
        ["random", bytes] => Ok(hex(&random::get_random_bytes(number(bytes)?))),
        ["random"] => Ok(random::get_random_u64().to_string()),
        ["insecure", bytes] => Ok(hex(&insecure::get_insecure_random_bytes(number(bytes)?))),
        ["seed"] => Ok(format!("{:?}", insecure_seed::insecure_seed())),
        ["env"] => Ok(format!("{:?}", environment::get_environment())),
        ["arguments"] => Ok(format!("{:?} {:?}", environment::get_arguments(), environment::initial_cwd())),
        ["exit"] => {
            exit::exit(Err(()));
            Ok("still here".to_owned())
        }
        ["stdin"] => stdin::get_stdin().blocking_read(10).map(|read| hex(&read)).map_err(|error| error.to_string()),
        ["stdout", text] => print(&stdout::get_stdout(), &text.replace("\\n", "\n")),
        ["stderr", text] => print(&stderr::get_stderr(), &text.replace("\\n", "\n")),
        ["handles", count] => {
            let handles: Vec<_> = (0..number(count)?).map(|_| monotonic_clock::subscribe_duration(1)).collect();
            Ok(handles.len().to_string())
        }
        ["fetch", method, url, ..] => fetch(method, url, &parts[3..]),
        ["folders"] => {
            Ok(format!("{:?}", preopens::get_directories().iter().map(|(_, name)| name).collect::<Vec<_>>()))
        }
        ["move-to", from, path, to] => {
            folder(from)?.rename_at(path, &folder(to)?, path).map(|()| "done".to_owned()).map_err(said)
        }
        ["link-to", from, path, to] => {
            let to = folder(to)?;
            folder(from)?.link_at(PathFlags::empty(), path, &to, path).map(|()| "done".to_owned()).map_err(said)
        }
        [verb, name, ref rest @ ..] => files(&folder(name)?, verb, rest).map_err(said),
        _ => Err(format!("no command `{command}`")),
    }
}

fn folder(name: &str) -> Result<Descriptor, String> {
    let found = preopens::get_directories().into_iter().find(|(_, granted)| granted == name);
    found.map(|(folder, _)| folder).ok_or_else(|| format!("no folder `{name}`"))
}

fn said(error: ErrorCode) -> String {
    error.name().to_owned()
}

fn files(folder: &Descriptor, verb: &str, rest: &[&str]) -> Result<String, ErrorCode> {
    let follow = PathFlags::SYMLINK_FOLLOW;
    match (verb, rest) {
        ("read", [path]) => read(&folder.open_at(follow, path, OpenFlags::empty(), DescriptorFlags::READ)?),
        ("write", [path, text]) => {
            let flags = DescriptorFlags::WRITE;
            let file = folder.open_at(follow, path, OpenFlags::CREATE | OpenFlags::TRUNCATE, flags)?;
            file.write(text.as_bytes(), 0).map(|written| written.to_string())
        }
        ("list", []) => {
            let (entries, mut names) = (folder.read_directory()?, Vec::new());
            while let Some(entry) = entries.read_directory_entry()? {
                names.push(entry.name);
            }
            names.sort();
            Ok(names.join(" "))
        }
        // Reads a file of a folder that was opened first: the path is not the granted folder's any more.
        ("within", [inner, path]) => {
            let inner = folder.open_at(follow, inner, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
            read(&inner.open_at(follow, path, OpenFlags::empty(), DescriptorFlags::READ)?)
        }
        ("stat", [path]) => Ok(folder.stat_at(follow, path)?.size.to_string()),
        ("symlink", [to, path]) => folder.symlink_at(to, path).map(|()| "done".to_owned()),
        ("link", [from, to]) => folder.link_at(PathFlags::empty(), from, folder, to).map(|()| "done".to_owned()),
        ("readlink", [path]) => folder.readlink_at(path),
        ("rename", [from, to]) => folder.rename_at(from, folder, to).map(|()| "done".to_owned()),
        ("mkdir", [path]) => folder.create_directory_at(path).map(|()| "done".to_owned()),
        ("rmdir", [path]) => folder.remove_directory_at(path).map(|()| "done".to_owned()),
        ("unlink", [path]) => folder.unlink_file_at(path).map(|()| "done".to_owned()),
        _ => Err(ErrorCode::Unsupported),
    }
}

fn read(file: &Descriptor) -> Result<String, ErrorCode> {
    file.read(1 << 16, 0).map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned())
}

fn fetch(method: &str, url: &str, more: &[&str]) -> Answer {
    let mut request = Request { method: method.to_owned(), url: url.to_owned(), ..Request::default() };
    for part in more {
        match part.split_once('=') {
            Some(("body", size)) => request.body = vec![b'x'; number(size)? as usize],
            Some(("timeout", millis)) => request.timeout = Some(std::time::Duration::from_millis(number(millis)?)),
            Some(("headers", count)) => {
                request.headers.extend((0..number(count)?).map(|at| (format!("x-{at}"), "y".to_owned())));
            }
            Some((name, value)) => request = request.header(name, value),
            None => return Err(format!("no part of a request: `{part}`")),
        }
    }
    match http::fetch(request) {
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body[..answer.body.len().min(4096)]).into_owned();
            Ok(format!("{} {} {} {body}", answer.status, answer.url, answer.body.len()))
        }
        Err(failure) => Err(failure.to_string()),
    }
}

fn print(stream: &wasip2::io::streams::OutputStream, text: &str) -> Answer {
    for piece in text.as_bytes().chunks(4096) {
        stream.blocking_write_and_flush(piece).map_err(|error| error.to_string())?;
    }
    Ok("said".to_owned())
}

fn wall() -> (u64, u32) {
    let now = wall_clock::now();
    (now.seconds, now.nanoseconds)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
