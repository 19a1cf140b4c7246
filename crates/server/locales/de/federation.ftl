federation-again = Erneut anmelden

federation-refused = Sie wurden nicht angemeldet
federation-refused-what = { $provider } hat die Anmeldung abgelehnt, oder Sie haben sie dort abgebrochen.
federation-refused-advice = Versuchen Sie es erneut, oder melden Sie sich auf andere Weise an.

federation-unavailable = { $provider } antwortet nicht
federation-unavailable-what = Wir konnten { $provider } nicht erreichen, oder der Dienst ist gerade gestört.
federation-unavailable-advice = Warten Sie eine Minute und versuchen Sie es erneut, oder melden Sie sich auf andere Weise an.

federation-failed = Die Anmeldung ist fehlgeschlagen
federation-failed-what = Wir konnten die Antwort von { $provider } nicht annehmen. Sie wurden nicht angemeldet.
federation-failed-advice = Versuchen Sie es erneut. Wenn es wieder geschieht, wenden Sie sich an die Betreiber dieser Seite.

federation-start-again = Bitte beginnen Sie erneut
federation-start-again-what = Diese Antwort von { $provider } gehört zu keiner Anmeldung in diesem Browser, oder sie kam zu spät.
federation-start-again-advice = Beginnen Sie hier erneut, und bleiben Sie bis zum Ende in einem Browser.

federation-not-fresh = Bitte melden Sie sich dort erneut an
federation-not-fresh-what = Die App verlangt eine neue Anmeldung, aber { $provider } hat eine ältere verwendet.
federation-not-fresh-advice = Melden Sie sich bei { $provider } ab und versuchen Sie es erneut.

federation-no-account = Sie haben hier kein Konto
federation-no-account-what = Zu Ihrem Konto bei { $provider } gehört hier kein Konto.
federation-no-account-advice = Wenn Sie hier ein Konto haben, melden Sie sich damit an und verknüpfen Sie { $provider } unter „Sicherheit“. Sonst wenden Sie sich an die Betreiber dieser Seite.

federation-ask-to-link = Sie haben hier schon ein Konto
federation-ask-to-link-what = Es gibt ein Konto mit der Adresse { $email }. Zu Ihrem Schutz können nur Sie selbst { $provider } damit verknüpfen.
federation-ask-to-link-advice = Melden Sie sich damit wie bisher an. Danach können Sie { $provider } mit einem Klick verknüpfen.
federation-ask-to-link-go = Bei Ihrem Konto anmelden

federation-linked = Es gehört zu einem anderen Konto
federation-linked-what = Dieses Konto bei { $provider } ist hier schon mit einem anderen Konto verknüpft.
federation-linked-advice = Melden Sie sich mit { $provider } an, um jenes Konto zu benutzen, oder lösen Sie dort zuerst die Verknüpfung.

federation-disabled = Dieses Konto kann nicht benutzt werden
federation-disabled-what = Das Konto, das zu Ihrem Konto bei { $provider } gehört, wurde abgeschaltet.
federation-disabled-advice = Wenden Sie sich an die Betreiber dieser Seite.

federation-links = Verknüpfte Konten
federation-links-lead = Melden Sie sich hier mit einem Konto eines anderen Anbieters an.
federation-links-add = { $provider } verknüpfen
federation-links-remove = Verknüpfung lösen
federation-links-last = Das ist Ihre einzige Möglichkeit, sich anzumelden. Verknüpfen Sie zuerst ein anderes Konto, oder bitten Sie um ein Passwort.
federation-links-open = Konten bei anderen Anbietern
federation-done-linked = Das Konto ist verknüpft. Sie können sich ab jetzt damit anmelden.
federation-done-unlinked = Die Verknüpfung ist gelöst.

federation-link-title = { $provider } verknüpfen?
federation-link-who = Sie haben sich bei { $provider } als { $label } angemeldet.
federation-link-what = Wer sich dort so anmeldet, kommt dann in Ihr Konto { $user } hier. Verknüpfen Sie es nur, wenn beide Ihnen gehören.
federation-link-yes = Verknüpfen
federation-link-no = Jetzt nicht
