/// Addresses by keys: words `KEY=ADDRESS`, separated by spaces.
struct AddressPairs {
    private(set) var addresses: [String: String] = [:]

    /// Parses the words; nil if one of them has no `=` or is not valid.
    init?(_ text: String, where isValid: (_ key: String, _ address: String) -> Bool) {
        for pair in text.split(whereSeparator: \.isWhitespace) {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, isValid(parts[0], parts[1]) else { return nil }
            addresses[parts[0]] = parts[1]
        }
    }
}
