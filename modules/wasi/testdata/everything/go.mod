module everything

go 1.26
