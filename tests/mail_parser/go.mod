module mail-parser

go 1.26
