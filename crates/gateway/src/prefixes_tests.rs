#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::path;

/// The prefix of a raw path, or why there is none.
fn find<'a>(prefixes: &[&'a str], raw: &str) -> Result<Option<&'a str>, &'static str> {
    let path = path::read(raw).map_err(|_| "refused")?;
    let found = Prefixes::new(prefixes.iter().copied()).find(&path);
    let found = found.map_err(|_| "ambiguous")?;
    Ok(found.prefix.map(|index| prefixes[index]))
}

#[test]
fn ordinary_paths_have_the_longest_prefix() {
    let prefixes = ["", "/api", "/api/admin", "/Docs", "/münchen", "/v1:batch"];
    for (raw, expected) in [
        ("/", ""),
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/apis", ""),
        ("/api-v2", ""),
        ("/api_v2", ""),
        ("/api@2", ""),
        ("/api~", ""),
        ("/api/Admins", "/api"),
        ("/api/admin/Users", "/api/admin"),
        ("/api/x;y=/z%20", "/api"),
        ("/api/.well-known/x:y", "/api"),
        ("/%61pi/%61dmin", "/api/admin"),
        ("/Docs/A%20B", "/Docs"),
        ("/m%C3%BCnchen/x", "/münchen"),
        ("/v1:batch", "/v1:batch"),
        ("/v1/users", ""),
        ("/caf%C3%A9/%E6%97%A5%E6%9C%AC", ""),
        ("/api/caf%C3%A9", "/api"),
        ("/api/%E6%97%A5%E6%9C%AC/x", "/api"),
        ("/api.json", ""),
        ("/a.b/c.d", ""),
        ("/100%25", ""),
    ] {
        assert_eq!(find(&prefixes, raw), Ok(Some(expected)), "{raw}");
    }
    assert_eq!(find(&["/api"], "/other/X"), Ok(None));
}

#[test]
fn g1_g3_a_path_that_reads_loosely_as_under_another_prefix_is_ambiguous() {
    for raw in [
        "/LIM",
        "/Lim/x",
        "/lim;a",
        "/lim;a=b/x",
        "/lim%3ba",
        "/lim,a",
        "/lim%20",
        "/lim%20/x",
        "/lim+",
        "/lim%C2%A0",
        "/lim%E3%80%80",
        "/lim.",
        "/lim...",
        "/lim.%20",
        "/lim.;x",
        "/lim:x",
        "/lim::$DATA",
        "/lim%3a%3a$INDEX_ALLOCATION/x",
        "/lim%3fx",
        "/lim%23x",
        "/lim&x",
        "/lim=x",
        "/lim%22",
        "/lim%7c",
        "/lim*",
        "/lim!",
        "/lim$",
        "/%20lim",
        "/%25u006cim",
        "/%25u006C%25u0069m",
        "/li%E2%80%8Bm",
        "/%E2%80%8Dlim",
        "/lim%EF%BB%BF",
        "/li%C2%ADm",
        "/lim%CC%81",
        "/l%C3%ADm",
        "/%EF%BD%8C%EF%BD%89%EF%BD%8D",
        "/%EF%BC%AC%EF%BC%A9%EF%BC%AD/x",
        "/l%C4%B1m",
        "/L%C4%B0M",
        "/lim%FF",
        "/l%ffim",
        "/lim%E6%97%A5",
        "/%F0%9D%90%A5im",
        "/x%EF%BC%8F%EF%BC%8E%EF%BC%8E%EF%BC%8Flim",
        "/x%E2%88%95%E3%80%82%E3%80%82%E2%88%95lim",
        "/%C2%A5lim",
        "/(S(abc))/lim",
    ] {
        assert_eq!(find(&["", "/lim"], raw), Err("ambiguous"), "{raw}");
        assert_eq!(find(&["/lim"], raw), Err("ambiguous"), "{raw}");
    }
    let nested = ["/admin", "/admin/help"];
    for raw in [
        "/admin/Help",
        "/admin/help;x",
        "/admin;x/help",
        "/admin/help/%EF%BC%8E%EF%BC%8E/x",
    ] {
        assert_eq!(find(&nested, raw), Err("ambiguous"), "{raw}");
    }
    assert_eq!(find(&["", "/lim"], "/%256cim"), Err("refused"));
    assert_eq!(find(&["", "/Lim"], "/lim"), Err("ambiguous"));
    assert_eq!(find(&["", "/münchen"], "/MÜNCHEN"), Err("refused"));
    assert_eq!(find(&["", "/münchen"], "/M%C3%9CNCHEN"), Err("ambiguous"));
    assert_eq!(find(&["", "/münchen"], "/mu%CC%88nchen"), Err("ambiguous"));
}

#[test]
fn g1_g3_every_prefix_that_a_format_or_a_script_leads_to_is_found() {
    let prefixes = Prefixes::new(["", "/lim", "/lim/in"]);
    for (path, prefix, also) in [
        ("/lim.json", 0, &[1][..]),
        ("/lim.json/x", 0, &[1]),
        ("/lim/in.xml", 1, &[2]),
        ("/lim/x.y", 1, &[]),
        ("/x.json", 0, &[]),
        ("/lim.json;x", 0, &[1]),
        ("/lim.json/in", 0, &[1, 2]),
        ("/lim.php/in/x", 0, &[1, 2]),
        ("/index.php/lim", 0, &[1]),
        ("/index.php/lim/in", 0, &[1, 2]),
        ("/INDEX.PHP/Lim/x", 0, &[1]),
        ("/index.html/x", 0, &[]),
        ("/index.5/lim", 0, &[1]),
        ("/a/app.php;x/lim", 0, &[1]),
        ("/lim/app.php/in", 1, &[2]),
        ("/lim/in/app.php", 2, &[]),
        ("/lim/in/app.php/x", 2, &[]),
        ("/lim/in/app.php/lim", 2, &[1]),
        ("/a.php/b.php/lim", 0, &[1]),
        ("/app.php/lim.xml", 0, &[1]),
        ("/index.php", 0, &[]),
    ] {
        let expected = Found {
            prefix: Some(prefix),
            also: also.to_vec(),
        };
        assert_eq!(prefixes.find(path), Ok(expected), "{path}");
    }
    assert_eq!(prefixes.find("/LIM.json").unwrap().also, [1]);
    let prefixes = Prefixes::new(["", "/wp-login.php", "/a.b.html/c", "/v1.2"]);
    for (path, also) in [
        ("/wp-login", &[1][..]),
        ("/wp-login/x", &[1]),
        ("/WP-Login;x", &[1]),
        ("/a.b/c", &[2]),
        ("/a/c", &[]),
        ("/wp-login-x", &[]),
        ("/v1", &[]),
    ] {
        assert_eq!(prefixes.find(path).unwrap().also, also, "{path}");
    }
}

#[test]
fn g1_g3_every_layout_of_scripts_is_read() {
    let prefixes = Prefixes::new(["/reports"]);
    for path in [
        "/index.php/reports",
        "/public/index.php/reports",
        "/web/app_dev.php/reports/x",
        "/x/app.php/reports",
        "/a/b/c.php/reports",
        "/index.php/public/reports",
        "/index.php/a/b/reports.json",
        "/x.php7/reports",
        "/x.phtml/reports",
        "/x.phar/reports",
        "/x.jspx/reports",
        "/x.ashx/reports",
        "/x.action/reports",
        "/x.dll/reports",
        "/x.exe/reports",
        "/x.rb/reports",
        "/x.lua/reports",
        "/x.any-thing/reports",
        "/x.php./reports",
        "/x.php.../reports",
        "/x.php?/reports",
        "/x.php#/reports",
        "/x.php /reports",
        "/x.php\u{a0}/reports",
        "/x.php:y/reports",
        "/x.php::$DATA/reports",
        "/x.php;a=b/reports",
        "/x.php,a/reports",
        "/X.PHP/Reports",
        "/reports.php/reports",
    ] {
        assert_eq!(
            prefixes.find(path).map(|one| one.also),
            Ok(vec![0]),
            "{path}"
        );
    }
    for path in [
        "/v1.2/reports",
        "/x/reports",
        "/x-php/reports",
        "/x.php/reporting",
        "/x.php",
    ] {
        assert_eq!(
            prefixes.find(path).map(|one| one.also),
            Ok(vec![]),
            "{path}"
        );
    }
}

/// The work for a path grows with its length, not with the square of it.
#[test]
fn g1_a_long_path_of_scripts_is_read() {
    let path = "/a.b".repeat(4000) + "/lim";
    let prefixes = Prefixes::new(["", "/lim"]);
    assert_eq!(prefixes.find(&path).unwrap().also, [1]);
}

#[test]
fn g1_a_short_name_of_windows_is_ambiguous() {
    let prefixes = ["", "/administration", "/api", "/a.longname/b"];
    for raw in [
        "/ADMINI~1",
        "/admini~1/x",
        "/admin~10",
        "/AD3F2C~1",
        "/admini~2;x",
        "/alongn~1/b",
    ] {
        assert_eq!(find(&prefixes, raw), Err("ambiguous"), "{raw}");
    }
    for raw in [
        "/~admin",
        "/api~1",
        "/admini~x",
        "/admini",
        "/other~1",
        "/~1",
    ] {
        assert_eq!(find(&prefixes, raw), Ok(Some("")), "{raw}");
    }
}

proptest::proptest! {
    #[test]
    fn a_path_has_the_strict_prefix_or_none(raw in "/[a-cA-C;:. %0-9é/]{0,16}") {
        let prefixes = ["", "/a", "/a/b", "/C"];
        let Ok(path) = path::read(&raw) else { return Ok(()) };
        if let Ok(found) = Prefixes::new(prefixes).find(&path) {
            let under = |prefix: &&&str| is_under(&path, prefix);
            let longest = prefixes.iter().filter(under).max_by_key(|prefix| prefix.len());
            proptest::prop_assert_eq!(found.prefix.map(|index| &prefixes[index]), longest);
        }
    }
}
