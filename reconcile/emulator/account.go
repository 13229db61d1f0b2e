package emulator

import (
	"net/http"
	"strconv"
)

// versionNames lists the API versions as text, newest first.
func versionNames() []string {
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = strconv.Itoa(v)
	}
	return names
}

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

// identity answers GET /api/v2/caller-identity. The account's id stays with the file.
func (e *Emulator) identity(r *request) (reply, error) {
	var member string
	e.store.present(func(v *view) { member = v.caller(e, r.token) })
	return jsonReply(http.StatusOK, struct {
		AccountID    string `json:"accountId"`
		AuthKind     string `json:"authKind"`
		TokenKind    string `json:"tokenKind"`
		TokenID      string `json:"tokenId"`
		TokenName    string `json:"tokenName"`
		MemberID     string `json:"memberId"`
		ServiceToken bool   `json:"serviceToken"`
	}{
		AccountID: e.store.account, AuthKind: "token", TokenKind: "auth", TokenName: "emulator",
		TokenID: e.store.id("token", 0), MemberID: member,
	}), nil
}
