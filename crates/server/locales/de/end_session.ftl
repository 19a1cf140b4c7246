end-session-title = Abmelden
end-session-heading = Abmelden?
end-session-lead = Das beendet Ihre Sitzung bei { $provider } in diesem Browser und in den Apps, bei denen Sie sich von hier aus angemeldet haben.
end-session-stay = Angemeldet bleiben
end-session-done-title = Abgemeldet
end-session-done-heading = Sie sind abgemeldet
end-session-done-lead = Schließen Sie auf einem gemeinsam genutzten Computer auch alle Browserfenster.
end-session-again = Wieder anmelden
