//! `deploy/nginx.conf` in the distribution's nginx.

use crate::foreign::{Program, nginx_arguments};

const NGINX: Program = Program {
    name: "nginx",
    file: "nginx.conf",
    arguments: nginx_arguments,
    ports: |text, https, http| {
        text.replace("listen 443", &format!("listen 127.0.0.1:{https}"))
            .replace("(:443)?", &format!("(:{https})?"))
            .replace("listen 80", &format!("listen 127.0.0.1:{http}"))
    },
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_does_what_the_gateway_does() {
    let nginx = NGINX.start().await;
    nginx.does_what_the_gateway_does().await;
    // 30 at once, and one more each second.
    let limited = nginx.times("/auth/login", 45, 429).await;
    assert!((1..=15).contains(&limited), "{limited}");
    assert_eq!(nginx.times("/auth/other", 45, 429).await, 0);
}
