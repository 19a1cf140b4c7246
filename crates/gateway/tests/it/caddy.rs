//! `deploy/Caddyfile` in the distribution's Caddy.

use crate::foreign::Program;

const CADDY: Program = Program {
    name: "caddy",
    file: "Caddyfile",
    arguments: |_, config| {
        let config = config.display().to_string();
        ["run", "--adapter", "caddyfile", "--config", &config]
            .map(str::to_owned)
            .to_vec()
    },
    ports: |text, https, http| {
        text.replace(
            "https://app.example.com {\n",
            &format!("https://app.example.com:{https} {{\n\tbind 127.0.0.1\n"),
        )
        .replace(
            "https:// {\n",
            &format!("https://:{https} {{\n\tbind 127.0.0.1\n"),
        )
        .replace(
            "http://app.example.com {\n",
            &format!("http://app.example.com:{http} {{\n\tbind 127.0.0.1\n"),
        )
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_does_what_the_gateway_does() {
    let caddy = CADDY.start().await;
    caddy.does_what_the_gateway_does().await;
}
