package import PluginMessages

extension MachineImageRecipe: CheckedAnswer {
    package func problems(with request: MachineImageRequest) -> [String] {
        var problems = boots.flatMap(\.problems)
        if !(1 << 20...1 << 45).contains(diskSize) {
            problems.append("diskSize: expected 1 MiB to 32 TiB, found \(diskSize) bytes")
        }
        if !(1 << 24...1 << 42).contains(memory) {
            problems.append("memory: expected 16 MiB to 4 TiB, found \(memory) bytes")
        }
        if boots.isEmpty { problems.append("boots: expected at least one, found none") }
        if source == .systemDisk, boots.contains(where: \.installer) {
            problems.append("boots: 'installer' is true, but the source is the disk of an installed system")
        }
        if !isFileName(verification.list) {
            problems.append("verification: expected the name of a list, found '\(verification.list)'")
        }
        if let key = verification.signifyKey, !isFileName(key) {
            problems.append("verification: expected the name of a key, found '\(key)'")
        }
        if login.isEmpty || !login.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F }) {
            problems.append("login: expected letters, digits, '-' and '_', found '\(login)'")
        }
        for name in (Array(files.keys) + Array(seed?.files.keys ?? [:].keys)).sorted() where !isFileName(name) {
            problems.append("files: expected a name of letters, digits and '-._', found '\(name)'")
        }
        if let label = seed?.label, label.isEmpty || label.utf8.count > 11 || !label.utf8.allSatisfy(isLetterOrDigit) {
            problems.append("seed: expected a label of at most 11 letters and digits, found '\(label)'")
        }
        return problems
    }
}

extension InstallerBoot {
    fileprivate var problems: [String] {
        let location = "boot '\(name)'"
        var problems: [String] = []
        if dialogue.isEmpty { problems.append("\(location): expected at least one step, found none") }
        if dialogue.count > 1000 {
            problems.append("\(location): expected at most 1000 steps, found \(dialogue.count)")
        }
        let texts = failures + dialogue.flatMap { $0.replies.map(\.text) }
        for text in texts where !(1...200).contains(text.utf8.count) || !text.utf8.allSatisfy({ 0x20...0x7E ~= $0 }) {
            problems.append("\(location): expected a text of 1 to 200 printable ASCII characters, found '\(text)'")
        }
        for (number, step) in dialogue.enumerated() where step.replies.allSatisfy(\.repeats) {
            problems.append("\(location): step \(number + 1): no reply ends it: expected one that does not repeat")
        }
        for limit in [timeLimit] + dialogue.map(\.timeLimit) where !(1...604_800).contains(limit) {
            problems.append("\(location): timeLimit: expected 1 to 604800 seconds, found \(limit)")
        }
        for reply in dialogue.flatMap(\.replies) where reply.send.utf8.count > 4096 {
            problems.append("\(location): expected at most 4096 bytes to send after '\(reply.text)'")
        }
        return problems
    }
}

private func isFileName(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: ".") else { return false }
    return text.utf8.count <= 64 && text.utf8.allSatisfy { isLetterOrDigit($0) || "-._".utf8.contains($0) }
}
