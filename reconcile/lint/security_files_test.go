package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecurityAccounts: the JSON file beside a file with members is the account that it describes, so
// that what TestRules reads belongs together. A comment says who is in which team. With -update they
// are written.
func TestSecurityAccounts(t *testing.T) {
	checked := 0
	for _, path := range glob(t, "testdata", "LD2*", "*.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(data, []byte("\nkind: Member")) {
			continue
		}
		checked++
		want, err := json.MarshalIndent(map[string]any{"People": accountOf(loadFiles(t, path), inTeams(string(data)))}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		beside := strings.TrimSuffix(path, filepath.Ext(path)) + ".json"
		if *update {
			if err := os.WriteFile(beside, append(want, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(beside)
		if err != nil || !bytes.Equal(bytes.TrimSpace(got), want) {
			t.Errorf("%s is not what %s describes (%v)", beside, path, err)
		}
	}
	if checked < 15 {
		t.Errorf("only %d files", checked)
	}
}

// inTeams reads the comment "# in teams: ana@example.com=web,shop; bo@example.com=web".
func inTeams(text string) map[string][]string {
	teams := map[string][]string{}
	_, rest, found := strings.Cut(text, "# in teams: ")
	if !found {
		return teams
	}
	line, _, _ := strings.Cut(rest, "\n")
	for _, one := range strings.Split(line, "; ") {
		email, list, _ := strings.Cut(one, "=")
		teams[email] = strings.Split(list, ",")
	}
	return teams
}
