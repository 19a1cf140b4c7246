form-post-title = Back to the app
form-post-heading = Taking you back to { $app }
form-post-noscript = Scripts are off in this browser, so this needs one more click.
form-post-continue = Continue
