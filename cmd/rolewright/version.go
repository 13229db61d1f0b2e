package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// development is the version of a build that carries none of its own, as one from a checkout.
const development = "0.1.0-dev"

// version returns the version of this build.
func version() string {
	if v := released(); v != "" {
		return strings.TrimPrefix(v, "v")
	}
	return development
}

// released returns the module version that the Go tool recorded ("v1.2.3"), or "" for a build from
// a checkout.
func released() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}

func newVersionCmd(a *app) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return a.runVersion(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) runVersion(asJSON bool) error {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if !asJSON {
		fmt.Fprintf(a.out, "rolewright %s (%s, %s)\n", version(), runtime.Version(), platform)
		return nil
	}
	return json.NewEncoder(a.out).Encode(map[string]string{
		"version": version(), "go": runtime.Version(), "platform": platform,
	})
}
