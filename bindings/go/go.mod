module callgate

go 1.19
