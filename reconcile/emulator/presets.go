package emulator

import (
	_ "embed"
	"encoding/json"
)

//go:embed presets.json
var presetsJSON []byte

// Presets returns LaunchDarkly's preset roles as fixtures for [Options.Seed]. Their names and
// coarse content are documented; their exact statements are not public, so these are a likeness
// to test with and no truth to reason from.
func Presets() []Role {
	var list []Role
	if err := json.Unmarshal(presetsJSON, &list); err != nil {
		panic("emulator: the embedded presets are broken: " + err.Error())
	}
	return list
}
