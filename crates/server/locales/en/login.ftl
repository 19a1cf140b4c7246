login-title = Sign in
login-title-error = Error: Sign in
login-heading-app = Sign in to { $app }
login-lead = to see your account
login-again = You signed in or out in another tab, or your session ended, so what you entered was not used. Please sign in again.
login-confirm = Confirm that it is you
login-confirm-lead = Enter your password again. You are about to change something important.
login-username = User name or email
login-password = Password
login-show = Show
login-hide = Hide
login-remember = Stay signed in
login-continue = Continue
login-or = Or use another account
login-upstream = Continue with { $provider }

login-wrong = Incorrect user name or password.
login-no-username = Enter your user name.
login-no-password = Enter your password.
login-nothing = Enter your user name and your password.
login-too-many =
    { $minutes ->
        [one] Too many attempts. Please wait a minute, then try again.
       *[other] Too many attempts. Please wait { $minutes } minutes, then try again.
    }
