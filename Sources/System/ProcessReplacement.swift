internal import Glibc

/// Becomes another program, which has this process's number, environment and open files.
///
/// - Parameter arguments: Without the program's own name.
/// - Returns: Why that is not possible, in the system's words; it does not return otherwise.
package func replaceProcess(by program: String, _ arguments: [String]) -> String {
    let words = CStrings([program] + arguments)
    execv(program, words.pointers)
    return String(cString: strerror(errno))
}
