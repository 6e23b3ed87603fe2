//! Clients that come and go as fast as they can, all at once. Knows no screen.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use super::actor::Place;

/// How their names begin.
pub const GUEST: &str = "guest-";
/// An answer must come within this time.
const ANSWER: Duration = Duration::from_millis(1500);

/// Lets so many come and go, and notes how often they did.
///
/// # Errors
/// Those of the system.
pub fn start(place: &Place, clients: usize, time: Duration) -> std::io::Result<()> {
    let place = place.clone();
    place.busy.fetch_add(1, SeqCst);
    place.log.does("", format!("{clients} clients come and go as fast as they can"));
    thread::Builder::new().name("crowd".to_owned()).spawn(move || {
        let visits = AtomicUsize::new(0);
        let until = Instant::now() + time;
        let silent = thread::scope(|threads| {
            let visits = &visits;
            let addr = place.addr;
            let all: Vec<_> =
                (0..clients).map(|number| threads.spawn(move || come_and_go(addr, number, until, visits))).collect();
            all.into_iter().filter_map(|one| one.join().ok()).filter(|is_served| !is_served).count()
        });
        let visits = visits.load(SeqCst);
        place.log.meets(
            "",
            match silent {
                0 => format!("{visits} visits, and each was answered"),
                _ => format!("{visits} visits, and then {silent} of {clients} clients get no answer"),
            },
        );
        place.busy.fetch_sub(1, SeqCst);
    })?;
    Ok(())
}

/// False if the server did not answer.
fn come_and_go(addr: SocketAddr, number: usize, until: Instant, visits: &AtomicUsize) -> bool {
    while Instant::now() < until {
        if visit(addr, number).is_err() {
            return false;
        }
        visits.fetch_add(1, SeqCst);
    }
    true
}

fn visit(addr: SocketAddr, number: usize) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&addr, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    stream.write_all(format!("{GUEST}{number}\n").as_bytes())?;
    let mut answer = [0; 1024];
    if stream.read(&mut answer)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    stream.write_all(b"/quit\n")?;
    while stream.read(&mut answer)? > 0 {}
    Ok(())
}
