//! Files and the client: sent, fetched, saved; against a server that fails, and against the real one. Ids are those of the lab reports.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use roomful::answer::Done;
use roomful::client::{AskError, Client, FileError, Options, Source};
use roomful::error::Code;
use roomful::event::Event;
use roomful::model::FileInfo;
use sha2::{Digest, Sha256};
use tempfile::{TempDir, tempdir};

use crate::client_fake::{Fake, Faults};
#[cfg(unix)]
use crate::client_support::Screen;
use crate::client_support::{DEADLINE, Peer, run};
use crate::support::TestServer;

/// Bytes that are different everywhere.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// The beginning of every JPEG, then noise.
fn picture(count: usize) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1];
    bytes.extend(noise(count - bytes.len()));
    bytes
}

fn client(addr: &str, nick: &str) -> Client {
    let options = Options { nick: Some(nick.to_owned()), retry: Some(Duration::ZERO), ..Options::default() };
    Client::connect(addr, options).unwrap()
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_goes_up_and_comes_down_byte_by_byte_whatever_its_size() {
    let folder = tempdir().unwrap();
    for size in [0, 1, 10_999, 11_000, 11_001, 300_000] {
        let (bytes, fake) = (noise(size), Fake::start(Faults::default()));
        let anna = client(&fake.addr, "anna");
        let path = folder.path().join("a.bin");
        fs::write(&path, &bytes).unwrap();
        let mut last = None;
        let sent = anna.send_file("#lobby", &path, "words", |done, all| {
            last = Some((done, all));
            true
        });
        assert_eq!((sent.unwrap().file, last), (7, Some((size as u64, size as u64))));
        assert_eq!(fake.file(), bytes);
        assert_eq!(fake.heard("finish")[0]["text"], "words");
        let (info, saved) = anna.get_file(7, Some(folder.path()), |_, _| true).unwrap();
        assert_eq!((info.size, fs::read(&saved).unwrap()), (size as u64, bytes));
        assert!(saved.ends_with("a (2).bin"), "{}", saved.display());
        fs::remove_file(saved).unwrap();
    }
    assert_eq!(names(&folder), ["a.bin"]);
}

#[test]
fn a_download_that_breaks_goes_on_where_it_was_and_one_that_stays_broken_is_told() {
    let (folder, bytes) = (tempdir().unwrap(), noise(200_000));
    for (faults, ranges) in [
        (Faults { cut_at: Some(55_000), cuts: 1, ..Faults::default() }, "bytes=55000-"),
        (Faults { cut_at: Some(55_000), cuts: 1, no_ranges: true, ..Faults::default() }, "bytes=55000-"),
        (Faults { cut_at: Some(0), cuts: 2, ..Faults::default() }, ""),
    ] {
        let fake = Fake::with_file(faults, &bytes);
        let mut last = 0;
        let fetched = client(&fake.addr, "anna").get_file(7, Some(folder.path()), |_, got| {
            last = got;
            true
        });
        assert_eq!((fs::read(fetched.unwrap().1).unwrap(), last), (bytes.clone(), 200_000));
        let asked = fake.asked();
        assert!(asked.last().unwrap().contains(&format!("Range: {ranges}")) || ranges.is_empty(), "{asked:?}");
        assert!(!asked[0].contains("Range"), "{asked:?}");
    }
    let fake = Fake::with_file(Faults { cut_at: Some(0), cuts: 99, ..Faults::default() }, &bytes);
    let broken = client(&fake.addr, "anna").get_file(7, Some(folder.path()), |_, _| true).unwrap_err();
    assert!(matches!(broken, FileError::Broken(_)), "{broken}");
    assert!(broken.to_string().ends_with("try it again"), "{broken}");
    assert_eq!(names(&folder).len(), 3, "of the broken one nothing is left");
}

#[test]
fn of_a_file_that_did_not_come_whole_nothing_is_left() {
    let (folder, bytes) = (tempdir().unwrap(), noise(100_000));
    let damaged = |faults| {
        let fake = Fake::with_file(faults, &bytes);
        client(&fake.addr, "anna").get_file(7, Some(folder.path()), |_, _| true).unwrap_err()
    };
    let hash = damaged(Faults { hash: true, ..Faults::default() });
    assert!(matches!(hash, FileError::Damaged), "{hash}");
    let short = damaged(Faults { says: Some(150_000), ..Faults::default() });
    assert!(matches!(short, FileError::Broken(_)), "{short}");
    let fake = Fake::with_file(Faults::default(), &bytes);
    let anna = client(&fake.addr, "anna");
    let stopped = anna.get_file(7, Some(folder.path()), |_, done| done < 30_000).unwrap_err();
    assert!(matches!(stopped, FileError::Stopped), "{stopped}");
    let none = anna.get_file(8, Some(folder.path()), |_, _| true).unwrap_err();
    assert!(matches!(&none, FileError::Asked(AskError::Refused { code, .. }) if *code == Code::NoSuchFile), "{none}");
    assert_eq!(names(&folder), [""; 0]);
}

#[test]
fn a_file_whose_connection_breaks_is_sent_once_more() {
    let folder = tempdir().unwrap();
    let (path, bytes) = (folder.path().join("a.bin"), noise(100_000));
    fs::write(&path, &bytes).unwrap();
    let fake = Fake::start(Faults { cut_at: Some(55_000), cuts: 1, ..Faults::default() });
    let anna = client(&fake.addr, "anna");
    assert_eq!(anna.send_file("#lobby", &path, "", |_, _| true).unwrap().file, 7);
    assert_eq!((fake.file(), fake.heard("offer").len(), fake.heard("finish").len()), (bytes, 2, 1));
    let fake = Fake::start(Faults { cut_at: Some(55_000), cuts: 2, ..Faults::default() });
    let broken = client(&fake.addr, "anna").send_file("#lobby", &path, "", |_, _| true).unwrap_err();
    assert!(matches!(broken, FileError::Broken(_)), "{broken}");
    assert!(fake.heard("finish").is_empty());
}

#[test]
fn a_file_that_cannot_be_sent_is_told_and_not_said() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.bin");
    fs::write(&path, noise(100_000)).unwrap();
    let fake = Fake::start(Faults::default());
    let anna = client(&fake.addr, "anna");
    let missing = anna.send_file("#lobby", &folder.path().join("b"), "", |_, _| true).unwrap_err();
    assert!(matches!(missing, FileError::Local { .. }), "{missing}");
    let no_file = anna.send_file("#lobby", folder.path(), "", |_, _| true).unwrap_err();
    assert!(matches!(no_file, FileError::NoFile(_)), "{no_file}");
    let stopped = anna.send_file("#lobby", &path, "", |done, _| done < 50_000).unwrap_err();
    assert!(matches!(stopped, FileError::Stopped), "{stopped}");
    let short =
        anna.send_from("#lobby", Source { name: "a", size: 10, bytes: &mut &b"123"[..] }, "", |_, _| true).unwrap_err();
    assert!(matches!(short, FileError::Local { .. }), "{short}");
    anna.settle(0);
    assert_eq!((fake.heard("cancel").len(), fake.heard("finish").len()), (2, 0));
}

#[test]
fn no_name_from_the_server_leads_out_of_the_folder() {
    let (outer, bytes) = (tempdir().unwrap(), noise(10));
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    for name in ["../evil", "/etc/evil", "..", ".evil", "a/../../evil"] {
        let fake = Fake::with_file(Faults { name: Some(name), ..Faults::default() }, &bytes);
        let (_, saved) = client(&fake.addr, "anna").get_file(7, Some(&inner), |_, _| true).unwrap();
        assert_eq!(saved.parent(), Some(&*inner), "{name}");
        assert!(!saved.file_name().unwrap().to_str().unwrap().starts_with('.'), "{name}");
    }
    assert_eq!(names(&outer), ["inner"]);
}

#[cfg(unix)]
#[test]
fn a_person_sends_and_fetches_and_goes_on_typing() {
    let (folder, bytes) = (tempdir().unwrap(), picture(300_000));
    let path = folder.path().join("my photo.jpg");
    fs::write(&path, &bytes).unwrap();
    let fake = Fake::start(Faults::default());
    let mut screen = Screen::start(&["--server", &fake.addr, "--nick", "anna"]);
    screen.prompts("#lobby anna>");
    screen.types(&format!("/send '{}'\rhalf a line", path.display()));
    screen.shows("anna sent my photo.jpg (image/jpeg, 300 kB), file 7");
    screen.prompts("#lobby anna> half a line");
    assert!(String::from_utf8_lossy(&screen.raw).contains("sending my photo.jpg, 300 kB ["));
    assert_eq!(fake.file(), bytes);
    screen.types(&format!("\u{15}/get 7 {}\r", folder.path().display()));
    screen.shows("* Saved my photo.jpg (300 kB) as ");
    screen.until("the end of the progress", |text| !text.contains("] 1") && !text.contains("fetching"));
    assert_eq!(fs::read(folder.path().join("my photo (2).jpg")).unwrap(), bytes);
    screen.types("/get 8\r");
    screen.shows("! There is no file that you may have.");
}

#[test]
fn a_script_sends_a_file_and_is_told_by_the_exit_code_when_it_cannot() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, picture(50_000)).unwrap();
    let fake = Fake::start(Faults::default());
    let (code, out, err) =
        run(&["--server", &fake.addr, "--nick", "bot", "--retry", "0"], &format!("/send {}\n", path.display()));
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("bot sent a.jpg (image/jpeg, 50 kB), file 7"), "{out}");
    let (code, _, err) = run(&["--server", &fake.addr, "--nick", "bot", "--retry", "0"], "/send nowhere.jpg\n");
    assert_eq!(code, 65);
    assert!(err.contains("! The file nowhere.jpg was not sent: nowhere.jpg: "), "{err}");
}

// Against the real server.

fn sent_by(peer: &Peer) -> FileInfo {
    peer.until("a file", |news| match news {
        roomful::client::News::Event(Event::Message(message)) => message.file.as_deref().cloned(),
        _ => None,
    })
}

fn fetch(peer: &Peer, file: u64, folder: &Path) -> Vec<u8> {
    let (_, saved) = peer.0.get_file(file, Some(folder), |_, _| true).unwrap();
    fs::read(saved).unwrap()
}

#[test]
fn a11_a_picture_of_1_mib_arrives_byte_by_byte() {
    let (server, folder) = (TestServer::with_database(), tempdir().unwrap());
    let addr = server.addr().to_string();
    let (anna, boris) = (Peer::connect(&addr, "anna"), Peer::connect(&addr, "boris"));
    let (path, bytes) = (folder.path().join("лес.jpg"), picture(1 << 20));
    fs::write(&path, &bytes).unwrap();
    let sent = anna.0.send_file("#lobby", &path, "смотри", |_, _| true).unwrap();
    let info = sent_by(&boris);
    assert_eq!((info.file, &*info.name, &*info.mime, info.size), (sent.file, "лес.jpg", "image/jpeg", 1 << 20));
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(*info.sha256, *digest);
    assert_eq!(fetch(&boris, sent.file, folder.path()), bytes);
    assert_eq!(names(&folder), ["лес (2).jpg", "лес.jpg"]);
}

#[cfg(unix)]
#[test]
fn a11_a_text_that_is_called_jpg_is_shown_as_a_text() {
    let (server, folder) = (TestServer::with_database(), tempdir().unwrap());
    let addr = server.addr().to_string();
    let path = folder.path().join("photo.jpg");
    fs::write(&path, "only words\n".repeat(10)).unwrap();
    let boris = Peer::connect(&addr, "boris");
    let mut screen = Screen::start(&["--server", &addr, "--nick", "anna"]);
    screen.prompts("#lobby anna>");
    screen.types(&format!("/send {}\r", path.display()));
    screen.until("the file", |text| text.contains("anna sent photo.jpg (text/plain") || text.contains("octet-stream"));
    assert!(!sent_by(&boris).mime.starts_with("image/"));
}

#[test]
fn ten_mib_go_up_and_down_while_others_talk() {
    let (server, folder) = (TestServer::with_database(), tempdir().unwrap());
    let addr = server.addr().to_string();
    let (anna, boris, vera) =
        (Peer::connect(&addr, "anna"), Peer::connect(&addr, "boris"), Peer::connect(&addr, "vera"));
    let (path, bytes) = (folder.path().join("large.bin"), noise(10 << 20));
    fs::write(&path, &bytes).unwrap();
    let done = AtomicBool::new(false);
    let said = thread::scope(|scope| {
        let talk = scope.spawn(|| {
            let mut said = 0;
            // Not more than fit into the news that anna and vera do not take.
            while !done.load(SeqCst) && said < 1_000 {
                vera.say(&format!("line {said}"));
                assert_eq!(boris.hears(&format!("line {said}")), "vera");
                said += 1;
            }
            said
        });
        let sent = anna.0.send_file("#lobby", &path, "", |_, _| true).unwrap();
        assert_eq!(fetch(&anna, sent.file, folder.path()), bytes);
        done.store(true, SeqCst);
        talk.join().unwrap()
    });
    assert!(said > 10, "only {said} lines meanwhile");
}

#[test]
fn a_file_for_one_person_is_fetched_by_the_two_only_and_deleted_with_its_message() {
    let (server, folder) = (TestServer::with_database(), tempdir().unwrap());
    let addr = server.addr().to_string();
    let (anna, boris, vera) =
        (Peer::connect(&addr, "anna"), Peer::connect(&addr, "boris"), Peer::connect(&addr, "vera"));
    let path = folder.path().join("a.txt");
    fs::write(&path, "for boris").unwrap();
    let sent = anna.0.send_file("@boris", &path, "", |_, _| true).unwrap();
    boris.until("the private file", |news| match news {
        roomful::client::News::Event(Event::Private { file: Some(info), .. }) => Some(info.file),
        _ => None,
    });
    assert_eq!(fetch(&boris, sent.file, folder.path()), b"for boris");
    let refused = vera.0.get_file(sent.file, Some(folder.path()), |_, _| true).unwrap_err();
    assert!(
        matches!(&refused, FileError::Asked(AskError::Refused { code, .. }) if *code == Code::NoSuchFile),
        "{refused}"
    );
    let fields = [("room", "@boris".into()), ("seq", sent.seq.into())];
    assert!(matches!(anna.0.ask("delete", &fields, DEADLINE), Ok(Done::Delete { .. })));
    let gone = boris.0.get_file(sent.file, Some(folder.path()), |_, _| true).unwrap_err();
    assert!(matches!(gone, FileError::Asked(AskError::Refused { .. })), "{gone}");
}

#[test]
fn a_file_that_is_too_large_is_refused_before_any_byte() {
    let server = TestServer::with_database();
    let anna = Peer::connect(&server.addr().to_string(), "anna");
    let mut progressed = false;
    let refused =
        anna.0.send_from("#lobby", Source { name: "a", size: 1 << 40, bytes: &mut std::io::repeat(0) }, "", |_, _| {
            progressed = true;
            true
        });
    let refused = refused.unwrap_err();
    let code = match &refused {
        FileError::Asked(AskError::Refused { code, .. }) => code.as_str(),
        _ => "",
    };
    assert!(code == "file-too-large" && !progressed, "{refused}");
}
