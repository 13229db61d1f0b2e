package manifest

import "testing"

func TestCheckHost(t *testing.T) {
	tests := []struct {
		host, allow string
		ok          bool
	}{
		{"app.launchdarkly.com", "", true},
		{"app.eu.launchdarkly.com", "", true},
		{"app.launchdarkly.us", "", true},
		{"app.launchdarkly.com:443", "", true},
		{"localhost", "", true},
		{"localhost:8080", "", true},
		{"127.0.0.1", "", true},
		{"127.0.0.1:1", "", true},
		{"127.8.9.10:65535", "", true},
		{"[::1]", "", true},
		{"[::1]:8080", "", true},
		{"ld.example.com", "ld.example.com", true},
		{"ld.example.com:8443", "ld.example.com:8443", true},

		{"", "", false},
		{"launchdarkly.com", "", false},
		{"App.LaunchDarkly.com", "", false},
		{"app.launchdarkly.com.", "", false},
		{"app.launchdarkly.com:80", "", false},
		{"app.launchdarkly.com:8443", "", false},
		{"app.launchdarkly.com:", "", false},
		{"app.launchdarkly.com:0443", "", false},
		{"app.launchdarkly.com.evil.example", "", false},
		{"evil-app.launchdarkly.com.evil", "", false},
		{"notapp.launchdarkly.com", "", false},
		{"https://app.launchdarkly.com", "", false},
		{"app.launchdarkly.com/", "", false},
		{"app.launchdarkly.com/api/v2", "", false},
		{"app.launchdarkly.com?x", "", false},
		{"evil.example#app.launchdarkly.com", "", false},
		{"user@app.launchdarkly.com", "", false},
		{"app.launchdarkly.com@evil.example", "", false},
		{"app.launchdarkly.com:443@evil.example", "", false},
		{`evil.example\@app.launchdarkly.com`, "", false},
		{`evil.example\.app.launchdarkly.com`, "", false},
		{"app.launchdarkly.com ", "", false},
		{" app.launchdarkly.com", "", false},
		{"app.launchdarkly.com\n", "", false},
		{"app.launchdarkly.com\x00.evil.example", "", false},
		{"app%2elaunchdarkly.com", "", false},
		{"xn--pp-launchdarkly-x4d.com", "", false},
		{"\u0430pp.launchdarkly.com", "", false},
		{"app\u3002launchdarkly.com", "", false},
		{"app..launchdarkly.com", "", false},
		{"127.0.0.1.nip.io", "", false},
		{"127.1", "", false},
		{"2130706433", "", false},
		{"0x7f.0.0.1", "", false},
		{"0177.0.0.1", "", false},
		{"128.0.0.1", "", false},
		{"0.0.0.0", "", false},
		{"10.0.0.1:8080", "", false},
		{"169.254.169.254", "", false},
		{"[::]", "", false},
		{"[::ffff:127.0.0.1]", "", false},
		{"[127.0.0.1]", "", false},
		{"[fe80::1%25lo]", "", false},
		{"::1", "", false},
		{"localhost.", "", false},
		{"localhost.evil.example", "", false},
		{"127.0.0.1:0", "", false},
		{"127.0.0.1:65536", "", false},
		{"127.0.0.1:+80", "", false},
		{"127.0.0.1:80:80", "", false},
		{"ld.example.com", "", false},
		{"ld.example.com", "other.example.com", false},
		{"ld.example.com:8443", "ld.example.com", false},
		{"sub.ld.example.com", "ld.example.com", false},
		{"evil.example#ld.example.com", "evil.example#ld.example.com", false},
	}
	for _, test := range tests {
		if err := CheckHost(test.host, test.allow); (err == nil) != test.ok {
			t.Errorf("CheckHost(%q, %q) = %v", test.host, test.allow, err)
		}
	}
	if len(tests) < 30 {
		t.Errorf("only %d forms", len(tests))
	}
}
