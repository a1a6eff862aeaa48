module ask

go 1.24

require stillroom v0.0.0

replace stillroom => ../src
