// Reads the Dockerfile on standard input as BuildKit does, and prints what its linter warns of. Ends with 1 and the reason if
// the parser refuses the file.
package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	file, err := parser.Parse(os.Stdin)
	if err != nil {
		return err
	}
	for _, warning := range file.Warnings {
		fmt.Println(warning.Short)
	}
	lint := linter.New(&linter.Config{
		Warn: func(rule, description, url, text string, _ []parser.Range) {
			fmt.Println(rule + ": " + text)
		},
	})
	_, _, err = instructions.Parse(file.AST, lint)
	return err
}
