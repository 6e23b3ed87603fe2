//! Which path leads where, by its exact bytes. Knows no answers.

use crate::wire::http::Method;

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// The page.
    Page,
    /// A file of the page.
    Asset,
    /// What the page must know before anybody comes in.
    Welcome,
    /// The WebSocket.
    WebSocket,
    /// A file that a session sends.
    Upload,
    /// A file that a session fetches.
    File,
    /// An address as a QR code.
    Qr,
    /// Whether the server is well.
    Health,
    /// Its numbers.
    Metrics,
    /// Nowhere.
    Unknown,
}

impl Route {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Route; 10] = [
        Route::Page,
        Route::Asset,
        Route::Welcome,
        Route::WebSocket,
        Route::Upload,
        Route::File,
        Route::Qr,
        Route::Health,
        Route::Metrics,
        Route::Unknown,
    ];

    /// Where `path` leads, and the rest of the path behind the prefix of that route.
    pub(super) fn of(path: &str) -> (Route, &str) {
        let route = match path {
            "/" => Route::Page,
            "/welcome.json" => Route::Welcome,
            "/ws" => Route::WebSocket,
            "/qr.svg" => Route::Qr,
            "/healthz" => Route::Health,
            "/metrics" => Route::Metrics,
            _ => {
                let prefixes = [("/a/", Route::Asset), ("/u/", Route::Upload), ("/f/", Route::File)];
                let found = prefixes.into_iter().find_map(|(prefix, route)| Some((route, path.strip_prefix(prefix)?)));
                return found.unwrap_or((Route::Unknown, ""));
            }
        };
        (route, "")
    }

    /// Its name in logs and metrics. A path is never in them: it may have a ticket.
    pub(super) fn name(self) -> &'static str {
        match self {
            Route::Page => "page",
            Route::Asset => "asset",
            Route::Welcome => "welcome",
            Route::WebSocket => "ws",
            Route::Upload => "upload",
            Route::File => "file",
            Route::Qr => "qr",
            Route::Health => "healthz",
            Route::Metrics => "metrics",
            Route::Unknown => "none",
        }
    }

    /// The methods that it takes, as `Allow` lists them.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Route::Upload => "PUT",
            Route::WebSocket => "GET",
            _ => "GET, HEAD",
        }
    }

    /// Whether it takes `method`.
    pub(super) fn takes(self, method: Method) -> bool {
        match self {
            Route::Upload => method == Method::Put,
            Route::WebSocket => method == Method::Get,
            _ => matches!(method, Method::Get | Method::Head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../docs/protocol.md");

    #[test]
    fn each_route_is_on_the_page_about_the_protocol_with_its_methods() {
        let table = PAGE.split_once("| path | methods | answer |").expect("the table of routes").1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `/"));
        let told = rows.map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let path = cells[1].trim_matches('`').split('?').next().expect("a path");
            let route = Route::of(path).0;
            assert!(cells[2] == route.allow() || cells[2] == format!("{} with `Upgrade`", route.allow()), "{row}");
            route
        });
        let routes: Vec<Route> = Route::ALL.into_iter().filter(|route| *route != Route::Unknown).collect();
        assert_eq!(told.collect::<Vec<_>>(), routes);
    }
}
