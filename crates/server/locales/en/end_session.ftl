end-session-title = Sign out
end-session-heading = Sign out?
end-session-lead = This ends your session at { $provider } in this browser, and in the apps that you signed in to from here.
end-session-stay = Stay signed in
end-session-done-title = Signed out
end-session-done-heading = You are signed out
end-session-done-lead = On a shared computer, close all browser windows as well.
end-session-again = Sign in again
