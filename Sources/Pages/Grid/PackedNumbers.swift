/// Compact encodings of lists of numbers for scripts: base 36 with run lengths (`3*a` is ten, three times).
enum PackedNumbers {
    /// Runs of equal numbers, separated by spaces.
    static func runs(_ numbers: some Sequence<Int>) -> String {
        var output = ""
        var current: Int?
        var times = 0
        func flush() -> String {
            guard let current else { return "" }
            let separator = output.isEmpty ? "" : " "
            return separator + (times > 1 ? String(times, radix: 36) : "") + "*" + String(current, radix: 36)
        }
        for number in numbers {
            if number == current {
                times += 1
            } else {
                output += flush()
                (current, times) = (number, 1)
            }
        }
        return output + flush()
    }

    /// Numbers one by one, separated by spaces.
    static func list(_ numbers: some Sequence<Int>) -> String {
        numbers.map { String($0, radix: 36) }.joined(separator: " ")
    }
}
