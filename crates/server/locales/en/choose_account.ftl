choose-account-title = Choose an account
choose-account-lead-app = to continue to { $app }
choose-account-lead = to see your account
choose-account-wanted = { $app } asks for { $wanted }, who is not signed in here.
choose-account-again = Your sign-in changed in another tab, so what you entered was not used. Please choose who continues.
# Before the name of a user
choose-account-continue-as = Continue as
choose-account-other = Use another account
