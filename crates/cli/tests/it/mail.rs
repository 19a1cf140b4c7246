//! `cardea mail`, and templates in files.

use crate::{
    bench::Bench,
    check::{findings, problems},
    sink::Sink,
};

const TEMPLATES: &str = "[mail]\ntemplates = \"mails\"\n";

fn with_templates(files: &[(&str, &str)]) -> Bench {
    let bench = Bench::new(TEMPLATES);
    std::fs::create_dir(bench.path().join("mails")).unwrap();
    for (name, text) in files {
        bench.write(&format!("mails/{name}"), text);
    }
    bench
}

#[test]
fn a_mail_is_previewed_with_its_template() {
    let bench = with_templates(&[
        (
            "password_reset.de.subject",
            "Neues Passwort für {{ brand }}",
        ),
        (
            "password_reset.de.html",
            "<p>{{ user }}: <a href=\"{{ link.url }}\">hier</a></p>",
        ),
    ]);
    let said = bench
        .run(&["mail", "preview", "password_reset", "--lang", "de"])
        .fine()
        .out;
    assert!(said.starts_with("Subject: Neues Passwort für"), "{said}");
    assert!(
        said.contains("https://id.example.com/page?token=TOKEN"),
        "{said}"
    );
    let html = [
        "mail",
        "preview",
        "password_reset",
        "--lang",
        "de",
        "--html",
    ];
    let said = bench.run(&html).fine().out;
    assert!(said.starts_with("<p>Ålice Østergård: <a href="), "{said}");
    let said = bench
        .run(&["mail", "preview", "new_device", "--json"])
        .fine()
        .json();
    assert!(said["html"].as_str().unwrap().contains("</html>"), "{said}");
    let said = bench.run(&["mail", "preview", "reset"]).complaint();
    assert!(
        said.contains("there is no mail \"reset\"; there are sign_up"),
        "{said}"
    );
    let said = bench
        .run(&["mail", "preview", "new_device", "--lang", "it"])
        .complaint();
    assert!(said.contains("there are en, de, fr, es"), "{said}");
}

#[test]
fn broken_templates_are_problems_with_file_and_line() {
    let bench = with_templates(&[
        ("password_reset.en.txt", "Hello\n{{ usr }}\n{{ link.url }}"),
        ("reset_password.en.txt", "x"),
    ]);
    let problems = problems(&bench);
    let of = |file: &str| problems.iter().find(|problem| problem.contains(file));
    let wrong = of("mails/password_reset.en.txt:2: there is no variable \"usr\"").unwrap();
    assert!(
        wrong.contains("there are accent, address, brand"),
        "{wrong}"
    );
    assert!(wrong.contains("cardea.toml"), "{wrong}");
    assert!(of("mails/reset_password.en.txt: there is no mail \"reset_password\"").is_some());
    let stopped = bench.run(&["serve"]).complaint();
    assert!(stopped.contains("password_reset.en.txt:2"), "{stopped}");
    let said = bench.run(&["mail", "preview", "test"]).complaint();
    assert!(said.contains("password_reset.en.txt:2"), "{said}");
}

#[test]
fn a_test_mail_is_sent_at_once() {
    let sink = Sink::start(usize::MAX);
    let mail = format!(
        "[mail]\nurl = \"smtp://127.0.0.1:{}\"\nfrom = \"id@example.com\"\n",
        sink.port
    );
    let bench = Bench::new(&mail);
    let said = bench.run(&["mail", "test", "you@example.com"]).fine().out;
    assert!(
        said.contains(&format!(
            "127.0.0.1:{} took a mail to you@example.com",
            sink.port
        )),
        "{said}"
    );
    let taken = sink.taken();
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "you@example.com"));
    assert!(taken[0].message_id.ends_with("@example.com>"), "{taken:?}");
    let said = bench
        .run(&["mail", "test", "you@example.com\r\nBcc: x"])
        .complaint();
    assert!(said.contains("you@example.com"), "{said}");
    assert_eq!(sink.taken().len(), 1);

    let bench = Bench::new("");
    let said = bench.run(&["mail", "test", "you@example.com"]).complaint();
    assert!(
        said.contains("mail is not configured; set [mail] url and from"),
        "{said}"
    );
    let bench = Bench::new("[mail]\nurl = \"smtp://127.0.0.1:1\"\nfrom = \"id@example.com\"\n");
    let said = bench.run(&["mail", "test", "you@example.com"]).complaint();
    assert!(said.contains("127.0.0.1:1: "), "{said}");
    let report = bench.run(&["check", "--json"]).json();
    assert!(
        findings(&report, "warning")
            .iter()
            .any(|w| w.contains("mail: 127.0.0.1:1")),
        "{report}"
    );
}
