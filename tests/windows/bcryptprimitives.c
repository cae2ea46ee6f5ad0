/* The bcryptprimitives.dll that Wine 8 lacks. Rust's standard library takes its random numbers from it. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    const SIZE_T most = 1 << 20;

    while (length > 0) {
        ULONG part = (ULONG)(length < most ? length : most);
        /* The standard library does not look at the result, as on Windows the function never fails. */
        if (!SystemFunction036(buffer, part))
            ExitProcess(101);
        buffer += part;
        length -= part;
    }
    return TRUE;
}
