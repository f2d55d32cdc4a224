import Core
import Testing

@Suite struct HostAddressTests {
    @Test(
        arguments: [
            ("ssh://obsd", nil, "obsd", nil), ("ssh://ciso@10.0.0.1:2222", "ciso", "10.0.0.1", 2222),
            ("ssh://a.b@x-1.example", "a.b", "x-1.example", nil),
            ("ssh://u@[fe80::1%eth0]:22", "u", "fe80::1%eth0", 22),
        ] as [(String, String?, String, Int?)])
    func addressesAreReadAndWrittenBack(text: String, user: String?, name: String, port: Int?) throws {
        let address = try #require(HostAddress(text))
        #expect(address.user == user)
        #expect(address.name == name)
        #expect(address.port == port)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", "obsd", "ssh://", "ssh://@x", "ssh://-oProxyCommand=x", "ssh://a b", "ssh://x:", "ssh://x:0",
        "ssh://x:70000",
        "ssh://x:a", "ssh://u;reboot@x", "ssh://$(id)@x", "ssh://x/path", "http://x", "ssh://[::1",
    ])
    func invalidAddressesAreRefused(text: String) {
        #expect(HostAddress(text) == nil)
    }
}
