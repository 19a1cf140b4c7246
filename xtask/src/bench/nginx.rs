//! nginx, as the upstream of the gateway row and as its comparison.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use super::server::{Cores, pinned};
use crate::command::find;

/// The answer of the upstream.
const BODY_BYTES: usize = 1024;

/// An nginx with one worker, whose configuration, files and messages are in its own folder.
pub(super) fn command(folder: &Path, cores: Cores, sites: &str) -> Result<Command> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration(folder, sites))?;
    let mut command = pinned(cores, program()?);
    command.arg("-p").arg(folder).arg("-c").arg(file);
    command.arg("-e").arg(folder.join("error.log"));
    Ok(command)
}

pub(super) fn program() -> Result<PathBuf> {
    find("nginx").context("nginx is missing; Debian's package is nginx")
}

fn configuration(folder: &Path, sites: &str) -> String {
    // Nothing is written to these folders, but nginx requires them.
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("    {name}_temp_path {};\n", folder.join(name).display()))
        .collect();
    format!(
        "daemon off;\nworker_processes 1;\npid {pid};\nevents {{\n    worker_connections 1024;\n}}\nhttp {{\n{folders}\
         \x20   access_log off;\n    default_type application/json;\n    keepalive_requests 1000000000;\n{sites}}}\n",
        pid = folder.join("nginx.pid").display(),
    )
}

/// The upstream: the same 1 KiB for every path.
pub(super) fn upstream(port: u16) -> String {
    let body = "x".repeat(BODY_BYTES);
    format!(
        "    server {{\n        listen 127.0.0.1:{port};\n        location / {{\n            return 200 {body};\n        }}\n    }}\n"
    )
}

/// A proxy with the part of the gateway's work that every proxy does: TLS, persistent connections on both sides, the forwarding
/// headers and the security headers.
pub(super) fn proxy(port: u16, upstream: u16, certificate: &Path, key: &Path) -> String {
    format!(
        r#"    upstream behind {{
        server 127.0.0.1:{upstream};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass http://behind;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host $http_host;
            add_header X-Request-Id $request_id always;
            add_header Strict-Transport-Security "max-age=63072000" always;
            add_header Content-Security-Policy "frame-ancestors 'self'; object-src 'none'; base-uri 'self'" always;
            add_header X-Frame-Options SAMEORIGIN always;
            add_header X-Content-Type-Options nosniff always;
            add_header Referrer-Policy strict-origin-when-cross-origin always;
            add_header Permissions-Policy "camera=(), geolocation=(), microphone=(), payment=(), usb=()" always;
        }}
    }}
"#,
        certificate = certificate.display(),
        key = key.display(),
    )
}
