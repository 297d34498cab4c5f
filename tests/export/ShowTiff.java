import ij.IJ;
import ij.ImagePlus;
import ij.measure.Calibration;
import ij.process.ImageProcessor;
import java.io.DataOutputStream;
import java.io.FileOutputStream;

/** Prints what ImageJ makes of a TIFF, and writes its values as it shows them: Z, Y, X floats. */
public class ShowTiff {
    public static void main(String[] args) throws Exception {
        ImagePlus image = IJ.openImage(args[0]);
        Calibration scale = image.getCalibration();
        System.out.println(scale.getUnit().replace("\u00b5", "u"));
        System.out.println(scale.pixelDepth + " " + scale.pixelHeight + " " + scale.pixelWidth);
        System.out.println(image.getNSlices() + " " + image.getHeight() + " " + image.getWidth());
        StringBuilder colors = new StringBuilder();
        for (int label = 0; label < 4; label++) {
            int rgb = image.getProcessor().getColorModel().getRGB(label) & 0xffffff;
            colors.append(String.format("#%06X ", rgb));
        }
        System.out.println(colors.toString().trim());
        System.out.println(image.getInfoProperty());
        try (DataOutputStream out = new DataOutputStream(new FileOutputStream(args[1]))) {
            for (int z = 1; z <= image.getStackSize(); z++) {
                ImageProcessor slice = image.getStack().getProcessor(z);
                slice.setCalibrationTable(scale.getCTable());
                for (int y = 0; y < slice.getHeight(); y++) {
                    for (int x = 0; x < slice.getWidth(); x++) {
                        out.writeFloat(slice.getPixelValue(x, y));
                    }
                }
            }
        }
    }
}
