package emulator

import (
	"net/http"
	"strconv"
)

// versionNames are the API versions as text, newest first.
var versionNames = func() []string {
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = strconv.Itoa(v)
	}
	return names
}()

// root answers GET /api/v2: what else there is.
func (e *Emulator) root(*request) (reply, error) {
	links := map[string]link{}
	for _, name := range []string{"caller-identity", "members", "roles", "teams", "versions"} {
		links[name] = linkTo(apiPath + "/" + name)
	}
	return jsonReply(http.StatusOK, map[string]any{"links": links}), nil
}

// versions answers GET /api/v2/versions.
func (e *Emulator) versions(r *request) (reply, error) {
	return jsonReply(http.StatusOK, struct {
		Valid   []int `json:"validVersions"`
		Latest  int   `json:"latestVersion"`
		Current int   `json:"currentVersion"`
		Beta    bool  `json:"beta"`
	}{versions, newest, r.version, r.Header.Get(versionHeader) == "beta"}), nil
}
