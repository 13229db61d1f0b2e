package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/schema"
)

func newSchemaCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:       "schema NAME",
		Short:     "Print a JSON Schema: " + strings.Join(schema.Names(), ", "),
		Long:      "Print the JSON Schema (draft-07) of role files, rolewright.yaml or plan files, for editors and other programs.",
		Example:   "  rolewright schema role > .rolewright/role.schema.json",
		Args:      schemaName,
		ValidArgs: schema.Names(),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := schema.Source(args[0])
			if err != nil {
				return err
			}
			_, err = a.out.Write(data)
			return err
		},
	}
}

func schemaName(_ *cobra.Command, args []string) error {
	if len(args) == 1 && slices.Contains(schema.Names(), args[0]) {
		return nil
	}
	return usage("", "want the name of one schema: %s", strings.Join(schema.Names(), ", "))
}
