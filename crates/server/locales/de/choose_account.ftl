choose-account-title = Konto auswählen
choose-account-lead-app = um fortzufahren mit { $app }
choose-account-lead = um Ihr Konto zu sehen
choose-account-wanted = { $app } fragt nach { $wanted }, hier ist aber ein anderes Konto angemeldet.
choose-account-again = Ihre Anmeldung hat sich in einem anderen Tab geändert, deshalb wurden Ihre Eingaben nicht verwendet. Bitte wählen Sie, wer fortfährt.
choose-account-continue-as = Weiter als
choose-account-other = Anderes Konto verwenden
