//! That these tests see what they look for: each fault is made by a page, and found. Knows no chat.

use serde_json::json;

use super::chromium::CLASSROOM;
use super::shop::serve;
use super::tab::{Browser, Tab};

/// A tab with this page, at an address of this host.
fn tab(host: &str, page: &str, headers: &str) -> Tab {
    let port = serve(&format!("<!doctype html><html lang=en><title>a page</title>{page}"), headers);
    let mut tab = Browser::new().tab();
    tab.open(&format!("http://{host}:{port}/"));
    tab
}

#[test]
fn a_page_that_does_nothing_wrong_has_no_faults() {
    let tab = tab("127.0.0.1", "<h1>Hello</h1>", "");
    tab.sees("Hello");
}

#[test]
fn each_thing_that_a_page_must_not_do_is_found() {
    let policy = "Content-Security-Policy: script-src 'unsafe-inline'; style-src 'self'\r\n";
    let trusted = "Content-Security-Policy: require-trusted-types-for 'script'; trusted-types 'none'\r\n";
    let table = [
        ("<script>console.log('here')</script>", "", "console: "),
        ("<script>console.debug('here')</script>", "", "console: "),
        ("<script>throw new Error('here')</script>", "", "exception: "),
        ("<script>Promise.reject(new Error('here'))</script>", "", "exception: "),
        ("<script>eval('1')</script>", policy, "policy: "),
        ("<p style='color: red'>here", policy, "policy: "),
        ("<script>try { document.documentElement.innerHTML = '<b>x' } catch {}</script>", trusted, "policy: "),
        ("<img src='http://other.test/x.png'>", "", "a request to another host: http://other.test/x.png"),
        ("<script>new WebSocket('ws://other.test/')</script>", "", "a request to another host: ws://other.test/"),
        ("<script>onload = () => setTimeout(() => alert('here'))</script>", "", "a dialog of the browser: here"),
    ];
    for (page, headers, wanted) in table {
        let mut tab = tab("127.0.0.1", page, headers);
        tab.log.wait(0, page, |method, params| {
            let fault = tab.fault(method, params)?;
            fault.starts_with(wanted).then_some(())
        });
        assert!(!tab.faults().is_empty(), "{page}");
        tab.expects("");
    }
}

#[test]
fn the_classroom_is_no_secure_context_and_loopback_is_one() {
    assert_eq!(tab(CLASSROOM, "", "").value("isSecureContext"), json!(false));
    assert_eq!(tab("127.0.0.1", "", "").value("isSecureContext"), json!(true));
}

#[test]
fn elements_are_found_by_role_and_name_and_by_nothing_else() {
    let tab = tab(
        "127.0.0.1",
        "<label for=n>Your name</label><input id=n><button aria-label='Come in'>x</button>
         <button hidden>Gone</button><p id=out></p>
         <script>document.querySelector('button').onclick = () => { out.textContent = 'hello ' + n.value }</script>",
        "",
    );
    tab.fill("textbox", "Your name", "Анна and me");
    tab.click("button", "Come in");
    tab.sees("hello Анна and me");
    assert_eq!(tab.value("all('button').length"), json!(1));
    tab.has_focus("button", "Come in");
    tab.press("Shift+Tab");
    tab.has_focus("textbox", "Your name");
    let accessible = tab.accessible();
    assert!(accessible.contains(&("button".into(), "Come in".into())), "{accessible:?}");
}

#[test]
fn a_composition_is_not_typing_and_ends_when_a_word_is_chosen() {
    let tab = tab(
        "127.0.0.1",
        "<input id=n><script>log = []; n.addEventListener('keydown', (e) => log.push([e.key, e.keyCode, e.isComposing]))
         </script>",
        "",
    );
    tab.click_on("document.getElementById('n')");
    tab.composes("にほん");
    tab.press("Enter");
    tab.chooses("日本");
    tab.press("Enter");
    assert_eq!(tab.value("[n.value, log]"), json!(["日本", [["Enter", 13, true], ["Enter", 13, false]]]));
}

#[test]
fn a_tab_is_visible_beside_others_until_it_is_hidden() {
    let browser = Browser::new();
    let (one, two) = (browser.tab(), browser.tab());
    for tab in [&one, &two] {
        assert_eq!(tab.value("[document.hidden, document.hasFocus()]"), json!([false, true]));
    }
    one.hide(true);
    assert_eq!(two.value("document.hidden"), json!(false));
    one.hide(false);
    assert_eq!(browser.open().len(), 2);
}

#[test]
fn sizes_media_and_screenshots_are_what_was_asked_for() {
    let tab = tab("127.0.0.1", "<meta name=viewport content='width=device-width'><h1>Hello</h1>", "");
    tab.size(360, 720);
    assert_eq!(tab.value("document.documentElement.clientWidth"), json!(360));
    tab.prefers(&[("prefers-color-scheme", "dark"), ("prefers-reduced-motion", "reduce")]);
    let media = "matchMedia('(prefers-color-scheme: dark) and (prefers-reduced-motion: reduce)').matches";
    assert_eq!(tab.value(media), json!(true));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shot.png");
    tab.screenshot(&path);
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert_eq!(bytes[16..24], [0, 0, 1, 104, 0, 0, 2, 208], "360 by 720");
}
