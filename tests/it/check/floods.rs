//! Servers that send or print without end: the checker stays small, and gives its verdict in time. Knows no rule.

use super::strangers::Stranger;

#[test]
fn endless_random_bytes_do_not_hold_the_checker_up() {
    let script = r"
def noise(connection):
    while True: connection.sendall(random.randbytes(65536))
take(noise)";
    let server = Stranger::new(script);
    server.breaks("start/second", "0.2");
    // Without ends of messages the text is looked for in the whole stream.
    let (code, text) = server.run("0.2", &["--rule", "start/second", "--profile", "raw"]);
    assert!(matches!(code, Some(1 | 75)), "{code:?} {text}");
}

#[test]
fn endless_lines_that_may_come_at_any_time_do_not_hold_the_checker_up() {
    let script = r"
def notices(connection):
    while True: connection.sendall(b'* noise\n' * 1000)
take(notices)";
    Stranger::new(script).breaks("together/heard", "0.2");
}

#[test]
fn fifty_floods_at_once_take_no_more_of_the_checker_than_one() {
    let script = r"
def flood(connection):
    while True: connection.sendall(b'x' * (1 << 20))
take(flood)";
    let text = Stranger::new(script).breaks("start/fifty", "3");
    assert!(text.contains("MiB came that nobody asked for") || text.contains("does not hear it within"), "{text}");
}

#[test]
fn a_flood_instead_of_an_answer_to_a_long_line_is_not_listened_to_for_ever() {
    let script = r"
def flood(connection):
    name = connection.recv(100).strip()
    connection.sendall(b'* welcome, ' + name + b'\n')
    if name == b'anna': connection.recv(100)
    for other in connections if name == b'anna' else []:
        while other is not connection: other.sendall(b'y\n' * 1000)
take(flood)";
    Stranger::new(script).breaks("framing/bad-utf8", "0.2");
}

#[test]
fn a_gigabyte_of_output_is_read_and_only_its_end_is_stored() {
    let script = r"
piece = b'x' * 99 + b'\n'
for _ in range(1000): os.write(1, piece * 10486)
os.write(1, b'\x1b[2Jthe end\n')
def loud(connection):
    print('nobody is let in', flush=True)
take(loud)";
    let text = Stranger::new(script).breaks("start/second", "0.5");
    assert!(text.contains("nobody is let in"), "{text}");
}
