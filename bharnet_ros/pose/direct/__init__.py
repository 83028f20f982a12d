"""The pose engine `direct`: MediaPipe's networks without its graphs."""
