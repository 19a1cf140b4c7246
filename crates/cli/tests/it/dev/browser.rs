use std::process::Command;

use tempfile::TempDir;

use super::running::Dev;

/// curl with a cookie jar, which follows redirects as a browser does.
pub(super) struct Browser {
    folder: TempDir,
    trust: String,
}

/// Where a browser came to.
pub(super) struct Page {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) text: String,
}

impl Browser {
    /// One without cookies.
    pub(super) fn new(dev: &Dev) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            trust: dev.trust(),
        }
    }

    pub(super) fn open(&self, url: &str) -> Page {
        self.curl(&[url])
    }

    /// A call of a page's script.
    pub(super) fn call(&self, url: &str, json: Option<&str>) -> Page {
        match json {
            None => self.curl(&[url]),
            Some(json) => self.curl(&[
                url,
                "-H",
                "X-CSRF: 1",
                "-H",
                "Content-Type: application/json",
                "-d",
                json,
            ]),
        }
    }

    /// Submits the page's first form with its hidden fields and these.
    pub(super) fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let action = page.attribute("action");
        let target = url::Url::parse(&page.url).unwrap().join(action).unwrap();
        let hidden = ["ticket", "csrf", "csrf_token"].map(|name| (name, page.field(name)));
        let filled = hidden
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        let pairs: Vec<String> = filled
            .chain(fields.iter().copied())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut arguments = vec![target.as_str()];
        arguments.extend(
            pairs
                .iter()
                .flat_map(|pair| ["--data-urlencode", pair.as_str()]),
        );
        self.curl(&arguments)
    }

    /// Through whatever pages of the provider there are, as Alice.
    pub(super) fn log_in(&self, url: &str) -> Page {
        let mut page = self.open(url);
        if page.text.contains("name=\"password\"") {
            page = self.submit(
                &page,
                &[("username", "alice"), ("password", "wonderland-7-doors")],
            );
        }
        if page.text.contains("name=\"decision\"") {
            page = self.submit(&page, &[("decision", "allow")]);
        }
        page
    }

    fn curl(&self, arguments: &[&str]) -> Page {
        let mut curl = Command::new("curl");
        curl.args([
            "-s",
            "-S",
            "-L",
            "-b",
            "jar",
            "-c",
            "jar",
            "-w",
            "\n%{http_code} %{url_effective}",
        ])
        .args(["-H", "Accept: text/html"])
        .args(self.trust.split_whitespace())
        .args(arguments)
        .current_dir(self.folder.path());
        let output = curl.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {complaint}");
        let said = String::from_utf8(output.stdout).unwrap();
        let (text, end) = said.rsplit_once('\n').unwrap();
        let (status, url) = end.split_once(' ').unwrap();
        Page {
            url: url.to_owned(),
            status: status.parse().unwrap(),
            text: text.to_owned(),
        }
    }
}

impl Page {
    fn attribute(&self, name: &str) -> &str {
        let (_, rest) = self.text.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split('"').next()
    }
}
