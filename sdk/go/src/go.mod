module stillroom

go 1.24
