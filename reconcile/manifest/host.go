package manifest

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// hosts are those of LaunchDarkly: commercial, European and federal.
var hosts = []string{"app.launchdarkly.com", "app.eu.launchdarkly.com", "app.launchdarkly.us"}

const hostHint = "write app.launchdarkly.com, app.eu.launchdarkly.com, app.launchdarkly.us or a loopback address with its port; any other host has to be allowed in the environment (ROLEWRIGHT_ALLOW_HOST)"

// hostForm is a host with an optional port and nothing else: no scheme, user, path or escape.
var hostForm = pattern.Lazy(`^([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:.]+\])(?::([1-9][0-9]{0,4}))?$`)

// CheckHost returns nil if the token may be sent to host ("name" or "name:port"): to LaunchDarkly
// at the port of https, to this machine, or to exactly the host that allow names. allow comes from
// whoever runs the program, never from a file: a pull request must not be able to send the token
// elsewhere.
func CheckHost(host, allow string) error {
	m := hostForm().FindStringSubmatch(host)
	if m == nil {
		return fmt.Errorf("%q is not a host with an optional port", host)
	}
	name, port := m[1], m[2]
	if n, _ := strconv.Atoi(port); n > 65535 {
		return fmt.Errorf("%q has no possible port", host)
	}
	switch {
	case isLoopback(name), host == allow:
		return nil
	case !slices.Contains(hosts, name):
		return fmt.Errorf("%q is not a host of LaunchDarkly", host)
	case port != "" && port != "443":
		return fmt.Errorf("%q: LaunchDarkly is at port 443 only", host)
	}
	return nil
}

// IsLoopback reports whether a host, with or without a port, is this machine.
func IsLoopback(host string) bool {
	m := hostForm().FindStringSubmatch(host)
	return m != nil && isLoopback(m[1])
}

// isLoopback reports whether a name is that of this machine. Only spelled-out addresses count: what
// resolves to one today may resolve elsewhere tomorrow.
func isLoopback(name string) bool {
	if name == "localhost" || name == "[::1]" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && addr.Is4() && !strings.HasPrefix(name, "[") && addr.IsLoopback()
}
