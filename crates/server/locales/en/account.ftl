account-title = Your account
account-signed-in-as = Signed in as { $name }
account-sign-out = Sign out
account-done-session = That device is signed out.
account-done-others = All other devices are signed out.
account-done-revoked = The app no longer has access.
account-sections = Sections
account-profile = Profile
account-security = Security
account-devices = Devices
account-apps = Apps
account-activity = Activity

account-name = Name
account-username = User name
account-email = Email
account-email-verified = verified
account-email-unverified = not verified
account-email-none = none

account-device-count =
    { $count ->
        [one] Signed in on { $count } device
       *[other] Signed in on { $count } devices
    }
account-device-advice = If you don’t recognize one of them, sign out of all others and ask your administrator for a new password.
account-sign-out-others = Sign out of all others

account-this-device = this device
account-active = Active { $when } from { $address }
account-started = Signed in { $when }
account-remembered = Stays signed in until { $day }
# After "Sign out", for screen readers
account-sign-out-which = of { $device }, active { $when }
# A browser on a system: "Firefox on Linux"
account-browser-on = { $browser } on { $system }
account-some-browser-on = A browser on { $system }
account-unknown-browser = An unknown browser

account-no-apps = No app has access to your account.
account-apps-lead = They act for you until you revoke their access.
account-used = Used { $when }
account-unused = Not in use now
account-revoke = Revoke
# After "Revoke", for screen readers
account-revoke-which = the access of { $app }
account-late-retry = This app used an older token { $when }. That happens when a laptop was asleep. If that wasn’t you, revoke its access.

account-password = Password
account-password-ask = You sign in with it.
account-password-none = You have none.

account-organizations = Organizations

account-done-profile = Your profile is saved.
account-given-name = First name
account-family-name = Last name
account-name-bad = A name has at most 100 characters, all of them visible.
account-language = Language
account-language-browser = As the browser says
account-save = Save
account-profile-full = There is no room for this: your account has too many details. Ask your administrator.
