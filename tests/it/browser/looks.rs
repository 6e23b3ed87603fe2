//! Sizes, colours, beamer: what fits, what is seen, what is hidden. Knows what must be seen.

use serde_json::{Value, json};

use super::site::{Person, Site, twice};

/// An account of people with long words, in a room with something of everything.
fn full_room(site: &Site, ann: &Person) {
    let mut boris = site.peer("Борис_с_очень_длинным_именем", "#lobby");
    boris.does(
        "topic",
        json!({"room": "#lobby", "topic": "a topic that is far too long for a small screen, ".repeat(7)}),
    );
    for text in ["короткая", &"x".repeat(300), &"слово ".repeat(60), "שלום עולם", "anna, a mention", "```\ncode\n```"]
    {
        boris.say("#lobby", text);
    }
    boris.does("msg", json!({"to": "anna", "text": "privately"}));
    ann.says("one of mine");
    ann.reads("one of mine");
}

fn sideways(ann: &Person) -> Value {
    ann.value(
        "[...document.querySelectorAll('*')].filter(shown)
            .filter((one) => one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1)
            .filter((one) => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX) && one.localName !== 'pre')
            .map((one) => one.localName + '#' + one.id)
            .concat(document.documentElement.scrollWidth > innerWidth ? ['page'] : [])
            .concat(document.documentElement.scrollHeight > innerHeight ? ['page, down'] : [])",
    )
}

#[test]
fn nothing_scrolls_sideways_on_a_phone_and_the_box_stays_above_its_keyboard() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.gate();
        ann.size(360, 720);
        assert_eq!(sideways(&ann), json!([]), "the gate");
        ann.fill_name("anna");
        ann.press("Enter");
        ann.until("inside()");
        full_room(&site, &ann);
        assert_eq!(sideways(&ann), json!([]));
        // `interactive-widget=resizes-content`: a keyboard takes the lower half.
        ann.size(360, 360);
        let bottom = "box().getBoundingClientRect().bottom";
        ann.until(&format!("{bottom} <= visualViewport.height && {bottom} > 250"));
        ann.until("said().at(-1) === 'one of mine' && rows().at(-1).getBoundingClientRect().bottom <= box().getBoundingClientRect().top");
        assert_eq!(sideways(&ann), json!([]));
    });
}

#[test]
fn on_a_phone_the_rooms_and_the_people_are_one_tap_away() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        full_room(&site, &ann);
        ann.size(360, 720);
        ann.click_on("byId('to-side')");
        ann.until("one('button', /Борис/, document.querySelector('dialog'))");
        ann.press("Escape");
        ann.until("!document.querySelector('dialog:modal')");
        ann.click_on("byId('to-people')");
        ann.until("one('button', /^A ?anna|anna/, document.querySelector('dialog'))");
        ann.press("Escape");
        ann.until("!document.querySelector('dialog:modal')");
    });
}

#[test]
fn the_theme_follows_the_system_until_the_person_chooses_and_is_there_at_the_first_paint() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        let ground = "getComputedStyle(document.documentElement).backgroundColor";
        ann.prefers(&[("prefers-color-scheme", "dark")]);
        ann.until(&format!("{ground} === 'rgb(21, 23, 28)'"));
        ann.prefers(&[("prefers-color-scheme", "light")]);
        ann.until(&format!("{ground} === 'rgb(255, 255, 255)'"));
        ann.click_on("byId('me')");
        ann.click("menuitem", "Settings of the page");
        ann.until("one('combobox', 'Colours')");
        ann.value("(one('combobox', 'Colours').focus(), 1)");
        ann.types("dark");
        ann.until(&format!("{ground} === 'rgb(21, 23, 28)'"));
        ann.reload();
        ann.until(&format!("{ground} === 'rgb(21, 23, 28)'"));
    });
}

#[test]
fn forced_colours_more_contrast_and_less_motion_are_heard() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        full_room(&site, &ann);
        ann.prefers(&[("prefers-reduced-motion", "reduce")]);
        let moves = "document.getAnimations().length === 0 && rows().every((row) => getComputedStyle(row).animationName === 'none')";
        ann.until(moves);
        ann.prefers(&[("prefers-contrast", "more")]);
        ann.until(
            "getComputedStyle(document.querySelector('#list .by')).color === getComputedStyle(document.body).color",
        );
        ann.prefers(&[("forced-colors", "active")]);
        ann.until("getComputedStyle(document.querySelector('#list .face')).borderTopStyle === 'solid'");
        assert_eq!(sideways(&ann), json!([]));
    });
}

/// What the class sees on the wall is not for everybody before.
#[test]
fn the_beamer_shows_no_private_line_and_holds_pictures_back() {
    twice(|host| {
        let site = Site::new(host);
        let ann = site.person("anna");
        full_room(&site, &ann);
        ann.size(1920, 1080);
        ann.press("F9");
        ann.until("document.documentElement.dataset.beamer !== undefined && shown(byId('poster'))");
        let mut boris = site.peer("boris", "#lobby");
        boris.does("msg", json!({"to": "anna", "text": "a secret word"}));
        boris.say("#lobby", "for all");
        ann.reads("for all");
        for (role, name) in ann.accessible() {
            assert!(!name.contains("secret") && !name.contains("privately"), "{role}: {name}");
        }
        assert_eq!(ann.value("sees('secret') || sees('privately')"), json!(false));
        let size = ann.value("parseFloat(getComputedStyle(document.documentElement).fontSize)");
        assert!(size.as_f64().unwrap() >= 22.0, "{size}");
        assert_eq!(sideways(&ann), json!([]));
        ann.press("F9");
        ann.until("document.documentElement.dataset.beamer === undefined && shown(byId('side'))");
    });
}
