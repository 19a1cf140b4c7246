form-post-title = Zurück zur App
form-post-heading = Sie werden zurückgeleitet zu { $app }
form-post-noscript = In diesem Browser sind Skripte ausgeschaltet, deshalb ist noch ein Klick nötig.
form-post-continue = Weiter
