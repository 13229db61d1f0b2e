package main

import (
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
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
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
