end-session-title = Cerrar sesión
end-session-heading = ¿Cerrar sesión?
end-session-lead = Esto cierra su sesión en { $provider } en este navegador y en las aplicaciones en las que ha iniciado sesión desde aquí.
end-session-stay = Seguir con la sesión iniciada
end-session-done-title = Sesión cerrada
end-session-done-heading = Ha cerrado la sesión
end-session-done-lead = En un equipo compartido, cierre también todas las ventanas del navegador.
end-session-again = Volver a iniciar sesión
