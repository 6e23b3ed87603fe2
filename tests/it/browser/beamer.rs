//! The page before a class: pictures wait for the teacher, what is private stays so, and what is deleted goes for all. Knows what must be seen.

use serde_json::json;
use tempfile::tempdir;

use super::files::{file, picture, sees_pictures, sends, status};
use super::site::{Site, twice};

#[test]
fn a_picture_of_a_guest_waits_for_a_click_and_goes_for_all_when_the_teacher_deletes_it() {
    twice(|host| {
        let (site, folder) = (Site::stored(host), tempdir().unwrap());
        let path = file(&folder, "cat.jpg", &picture());
        let teacher = site.person_in("teacher", "#lab");
        teacher.chooses_files("byId('pick')", &[&path]);
        sends(&teacher);
        sees_pictures(&teacher, 1);
        teacher.size(1920, 1080);
        teacher.press("F9");
        teacher.until("document.documentElement.dataset.beamer !== undefined");
        // One's own are no surprise.
        sees_pictures(&teacher, 1);
        let before = teacher.log.len();
        let guest = site.person_in("boris", "#lab");
        guest.chooses_files("byId('pick')", &[&path]);
        sends(&guest);
        sees_pictures(&guest, 2);
        teacher.until("one('button', 'Show the picture', byId('list'))");
        teacher.until("sees('cat.jpg', one('button', 'Show the picture').closest('li'))");
        let fetched = teacher.log.all(|method, params| {
            let url = (method == "Network.requestWillBeSent").then(|| params["request"]["url"].as_str())??;
            url.contains("/f/").then(|| url.to_owned())
        });
        assert_eq!(fetched.len(), 1, "since event {before}: {fetched:?}");
        assert_eq!(teacher.value("document.querySelectorAll('#list img').length"), json!(1));
        teacher.click("button", "Show the picture");
        sees_pictures(&teacher, 2);
        let link = guest.value("new URL([...document.querySelectorAll('#list img')].at(-1).src).pathname");
        let link = link.as_str().unwrap();
        assert_eq!(status(&site, link), 200);
        // Up from the end: the line of the guest, and what may be done with it.
        teacher.value("(byId('scroller').focus(), 1)");
        teacher.press("ArrowUp");
        teacher.press("Enter");
        teacher.click("menuitem", "Delete for all");
        teacher.click("button", "Delete");
        sees_pictures(&guest, 1);
        sees_pictures(&teacher, 1);
        guest.until("sees('deleted by teacher', byId('list'))");
        assert_eq!(status(&site, link), 404);
    });
}

#[test]
fn nothing_private_is_in_what_a_screen_reader_finds_before_a_class() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let mut boris = site.peer("boris", "#lobby");
        boris.does("msg", json!({"to": "anna", "text": "a secret word"}));
        ann.until("sees('boris', byId('side-lists'))");
        ann.press("Alt+ArrowDown");
        ann.until("sees('a secret word', byId('list'))");
        ann.press("F9");
        ann.until("document.documentElement.dataset.beamer !== undefined && sees('#lobby', byId('head'))");
        ann.value("(byId('said').replaceChildren(), 1)");
        boris.does("msg", json!({"to": "anna", "text": "another secret"}));
        boris.say("#lobby", "for all");
        ann.reads("for all");
        ann.until("byId('said').textContent.includes('for all')");
        for (role, name) in ann.accessible() {
            assert!(!name.contains("secret"), "{role}: {name}");
        }
        assert_eq!(
            ann.value("[sees('secret'), document.title, byId('said').textContent.includes('boris:')]"),
            json!([false, "(1) #lobby", true])
        );
        assert_eq!(ann.value("/Private|secret/.test(byId('said').textContent)"), json!(false));
    });
}
