// Prints what BuildKit's own parser reads in the Dockerfile on standard input, as JSON: the stages with their instructions,
// and the warnings of its linter. Ends with 1 and the reason if the parser refuses the file.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

type stage struct {
	Name  string   `json:"name"`
	Base  string   `json:"base"`
	Steps []string `json:"steps"`
}

type report struct {
	Arguments []string `json:"arguments"`
	Stages    []stage  `json:"stages"`
	Warnings  []string `json:"warnings"`
}

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
	found := report{Arguments: []string{}, Stages: []stage{}, Warnings: []string{}}
	for _, warning := range file.Warnings {
		found.Warnings = append(found.Warnings, warning.Short)
	}
	lint := linter.New(&linter.Config{
		Warn: func(rule, description, url, text string, _ []parser.Range) {
			found.Warnings = append(found.Warnings, rule+": "+text)
		},
	})
	stages, arguments, err := instructions.Parse(file.AST, lint)
	if err != nil {
		return err
	}
	for _, each := range arguments {
		found.Arguments = append(found.Arguments, each.String())
	}
	for _, each := range stages {
		steps := []string{}
		for _, command := range each.Commands {
			steps = append(steps, command.Name())
		}
		found.Stages = append(found.Stages, stage{each.Name, each.BaseName, steps})
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
